#pragma once

/// @file thrown_message.hpp
/// The text of the error that a call has to throw.

#include <exception>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "splice_cuda/error.hpp"

namespace splice_cuda::testing {

/// Message of the `Expected` error that `call` throws; a test failure for anything else.
template <class Expected, class Call>
std::string thrown_message(Call call) {
  try {
    call();
  } catch (const Expected& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "threw another error: " << error.what();
    return {};
  }
  ADD_FAILURE() << "threw nothing";
  return {};
}

template <class Call>
std::string file_error(Call call) {
  return thrown_message<FileError>(call);
}

template <class Call>
std::string argument_error(Call call) {
  return thrown_message<ArgumentError>(call);
}

}  // namespace splice_cuda::testing
