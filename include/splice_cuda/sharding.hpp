#pragma once

/// @file sharding.hpp
/// One batch on several devices.

#include <span>

#include "splice_cuda/codes.hpp"
#include "splice_cuda/context.hpp"
#include "splice_cuda/dictionary.hpp"
#include "splice_cuda/options.hpp"

namespace splice_cuda {

/// A device with its copy of the dictionary. Neither is owned.
struct Shard {
  const Context* context = nullptr;
  const Dictionary* dictionary = nullptr;
};

/// `decompose` with the rows shared out between the shards, each on a thread of its own. Pieces of the batch are taken in
/// turn, so that a faster device gets more of them; results are in the order of the rows, and bit by bit those of one shard
/// alone, where the devices are of one kind.
///
///   Context first(Device::cuda(0)), second(Device::cuda(1));
///   Dictionary a(first, atoms), b(second, atoms);
///   DecomposeResult result = decompose(std::vector<Shard>{{&first, &a}, {&second, &b}}, embeddings);
///
/// Of the callbacks those of the first shard's context are used, for all rows, from any of the threads but never from two at
/// once. An error in one shard stops the others and is thrown.
///
/// @param shards      at least one; contexts of their own, dictionaries made of the same atoms.
/// @param embeddings  [n, d] in memory that every shard can read: the host's, as a rule.
/// @throws as `decompose`; ArgumentError naming the shard. Shapes of the dictionaries are compared, their atoms are not.
DecomposeResult decompose(std::span<const Shard> shards, EmbeddingsView embeddings, const DecomposeOptions& options = {});

}  // namespace splice_cuda
