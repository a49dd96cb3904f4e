#include "cli/app.hpp"

int main(int argc, char** argv) { return splice_cuda::cli::run(argc, argv); }
