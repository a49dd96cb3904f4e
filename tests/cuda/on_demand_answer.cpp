// A library with one function, for on_demand_library_test.
extern "C" int on_demand_answer() { return 42; }
