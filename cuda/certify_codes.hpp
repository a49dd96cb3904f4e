#pragma once

/// @file certify_codes.hpp
/// `Backend::certify` on a device.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/problem.hpp"
#include "device_buffer.hpp"
#include "device_codes.hpp"
#include "device_dictionary.hpp"
#include "device_problem.hpp"
#include "kernels/certify_codes.hpp"

namespace splice_cuda::cuda {

/// Reports of rows [first, first + reports.size()). (Semantics: src/cpu/brute_certify.cpp.)
template <class Engine>
void certify_codes(Engine& device, const DeviceDictionary<Engine>& dictionary, const Problem& problem,
                   const SparseCodes& codes, std::int64_t first, std::span<RowReport> reports) {
  constexpr std::int64_t most_groups = 1024;
  const auto rows = static_cast<std::int64_t>(reports.size());
  if (rows == 0) return;
  const std::int64_t groups = std::min(rows, most_groups);
  const DeviceProblem<Engine> device_problem(device, dictionary, problem);
  const DeviceCodes<std::int64_t, Engine> device_codes(device, codes, first, rows);
  std::vector<double> penalties;
  for (std::int64_t i = 0; i < rows; ++i) penalties.push_back(problem.penalty(first + i));
  const auto device_penalties = uploaded(device, penalties.data(), rows);
  const DeviceBuffer<float, Engine> z(device, groups * dictionary.ld);
  const DeviceBuffer<double, Engine> residuals(device, groups * dictionary.ld);
  const DeviceBuffer<RowReport, Engine> device_reports(device, rows);
  DeviceBuffer<std::uint8_t, Engine> input;

  CertifyCodesKernel::Args args;
  args.atoms = dictionary.view();
  args.problem = device_problem.view();
  const EmbeddingsView embeddings = problem.embeddings.slice(first, rows);
  args.input = embeddings.data;
  args.dtype = embeddings.dtype;
  args.ld_input = embeddings.ld;
  if (embeddings.device == Device::cpu()) {
    const auto element = static_cast<std::size_t>(embeddings.element_size());
    const std::size_t row_bytes = static_cast<std::size_t>(embeddings.cols) * element;
    input = DeviceBuffer<std::uint8_t, Engine>(device, rows * static_cast<std::int64_t>(row_bytes));
    device.copy_rows(input.get(), row_bytes, embeddings.data, static_cast<std::size_t>(embeddings.ld) * element, row_bytes, rows);
    args.input = input.get();
    args.ld_input = embeddings.cols;
  }
  args.penalties = device_penalties.get();
  args.offsets = device_codes.offsets.get();
  args.code_atoms = device_codes.atoms.get();
  args.code_weights = device_codes.weights.get();
  args.z = z.get();
  args.residuals = residuals.get();
  args.reports = device_reports.get();
  device.template launch<CertifyCodesKernel>(rows, args, groups);
  device.download(reports.data(), device_reports.get(), device_reports.bytes());
  device.synchronize();
}

}  // namespace splice_cuda::cuda
