// Dictionary learning with LibTorch: the atoms follow the gradient that runs through the solver.
//
//   learn_dictionary [MODEL]
//
// Of unit embeddings [n, d] it learns 96 unit atoms that explain them sparsely: it minimises the mean of
// |z - W C|^2 + l1_penalty sum(W) over C, W the solution for C. The embeddings are those of the vocabulary of a CLIP
// model in a folder, such as models/scene_clip, centred; without one they are generated from hidden atoms.
//
// Ends with 0 if the loss fell by a tenth or more.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

// <torch/torch.h> has these and much more, and takes longer to compile.
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <splice_cuda/clip.hpp>
#include <splice_cuda/torch.hpp>

namespace {

constexpr double l1_penalty = 0.2;

torch::Tensor unit_rows(const torch::Tensor& rows) { return rows / rows.norm(2, 1, true).clamp_min(1e-6); }

/// Unit rows, each of 4 out of 64 hidden atoms and some noise.
torch::Tensor generated_embeddings() {
  const torch::Tensor hidden = unit_rows(torch::randn({64, 48}));
  const torch::Tensor chosen = std::get<1>(torch::rand({512, 64}).topk(4, 1));
  const torch::Tensor weights = torch::zeros({512, 64}).scatter(1, chosen, torch::rand({512, 4}) + 0.5);
  return unit_rows(weights.matmul(hidden) + 0.02 * torch::randn({512, 48}));
}

/// What the model makes of its vocabulary, as rows that differ: without what all of them share.
torch::Tensor vocabulary_embeddings(const std::string& model) {
  splice_cuda::ClipEncoder encoder = splice_cuda::ClipEncoder::load(model);
  const auto path = encoder.vocabulary_path();
  if (!path) throw std::runtime_error(model + ": expected a model with a vocabulary");
  std::ifstream file(*path);
  std::vector<std::string> concepts;
  for (std::string line; std::getline(file, line);) concepts.push_back(line);
  const auto count = static_cast<std::int64_t>(concepts.size());
  const torch::Tensor rows = torch::empty({count, encoder.dim()});
  encoder.embed_texts(concepts, {rows.data_ptr<float>(), count, encoder.dim()});
  const torch::Tensor unit = unit_rows(rows);
  return unit_rows(unit - unit.mean(0));
}

double learn(const torch::Tensor& embeddings, torch::Tensor& dictionary, int steps) {
  torch::optim::Adam optimizer({dictionary}, torch::optim::AdamOptions(0.02));
  double first = 0;
  double loss_value = 0;
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    const torch::Tensor atoms = unit_rows(dictionary);
    const auto codes = splice_cuda::torch_ops::decompose(embeddings, atoms, {.l1_penalty = l1_penalty});
    const torch::Tensor residual = embeddings - splice_cuda::torch_ops::recompose(codes, atoms);
    const torch::Tensor loss =
        (residual.square().sum() + l1_penalty * codes.values.sum()) / embeddings.size(0);
    loss.backward();
    optimizer.step();
    loss_value = loss.item<double>();
    if (step == 0) first = loss_value;
    if (step % 10 == 0 || step == steps - 1) {
      std::printf("step %3d  loss %.4f  atoms a row %.1f\n", step, loss_value,
                  static_cast<double>(codes.values.numel()) / static_cast<double>(embeddings.size(0)));
    }
  }
  return loss_value / first;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    torch::manual_seed(1);
    const torch::Tensor embeddings = argc > 1 ? vocabulary_embeddings(argv[1]) : generated_embeddings();
    torch::Tensor dictionary = torch::randn({96, embeddings.size(1)}).requires_grad_();
    const double ratio = learn(embeddings, dictionary, 60);
    std::printf("the loss is %.0f %% of what it was\n", 100 * ratio);
    return ratio <= 0.9 ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "learn_dictionary: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
