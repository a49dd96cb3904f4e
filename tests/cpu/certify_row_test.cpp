#include "cpu/certify_row.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/lasso_math.hpp"
#include "cpu/quantize.hpp"
#include "cpu_problem.hpp"

namespace splice_cuda::cpu {
namespace {

/// One row with a code, and its certificate from a full list and from screened ones.
class CertifyRow : public ::testing::Test {
 protected:
  void SetUp() override {
    dictionary_ = testing::random_dictionary(300, 64, 21);
    z_ = testing::random_row(64, dictionary_->ld, 22);
    problem_.dictionary = dictionary_.get();
    problem_.inverse_weights.assign(300, 1.0);
    atoms_ = {3, 50, 299};
    weights_ = {0.5f, 0.25f, 1.0f};
    q_.resize(z_.size());
    residual_ = z_;
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
      for (std::size_t k = 0; k < z_.size(); ++k) {
        residual_[k] -= weights_[i] * dictionary_->atom<float>(atoms_[i])[k];
      }
    }
    quantized_ = quantize_row(residual_.data(), dictionary_->ld, q_.data());
    fine_q_.resize(z_.size());
  }

  RowReport certify(const ScreenedBounds& bounds) {
    RowReport report;
    CertifyScratch scratch;
    certify_screened(*dictionary_, problem_, {z_.data(), lambda_, atoms_, weights_}, bounds, scratch, report);
    return report;
  }

  RowReport over_all_atoms() {
    RowReport report;
    CertifyScratch scratch;
    certify_over_all_atoms(*dictionary_, problem_, {z_.data(), lambda_, atoms_, weights_}, scratch, report);
    return report;
  }

  /// Lists the atoms whose exact correlation with r^ is above `threshold`, bounds the rest by it.
  /// @param dropped  the rest is told to have left the list, not to never have been in it
  RowReport screened(float threshold, bool dropped = false) {
    std::vector<std::int32_t> listed;
    std::vector<float> values;
    float largest_norm = 0;
    for (std::int32_t j = 0; j < 300; ++j) {
      double value = 0;
      for (std::int64_t k = 0; k < 64; ++k) {
        const auto place = static_cast<std::size_t>(k);
        const double centre = static_cast<double>(quantized_.scale) * static_cast<double>(q_[place]) +
                              static_cast<double>(fine_scale_) * static_cast<double>(fine_q_[place]);
        value += static_cast<double>(dictionary_->atom<float>(j)[k]) * centre;
      }
      largest_norm = std::max(largest_norm, dictionary_->norm[static_cast<std::size_t>(j)]);
      if (!(value > static_cast<double>(threshold))) continue;
      listed.push_back(j);
      values.push_back(static_cast<float>(value));
    }
    const CandidateList list{listed.data(), values.data(), static_cast<std::int64_t>(listed.size()), 300};
    const std::vector<float> errors(300, 1e-6f);
    const QuantizedPoint screened_at{q_.data(), quantized_.scale, q_.data(), 0};
    const QuantizedPoint centre{q_.data(), quantized_.scale, fine_q_.data(), fine_scale_};
    constexpr float none = -1e30f;
    return certify({screened_at, centre, 1, errors.data(), dropped ? none : threshold, dropped ? threshold : none, largest_norm,
                    &list});
  }

  std::shared_ptr<const CpuDictionary> dictionary_;
  Problem problem_;
  std::vector<float> z_;
  std::vector<float> residual_;
  std::vector<std::int32_t> atoms_;
  std::vector<float> weights_;
  double lambda_ = 0.5;
  std::vector<std::int8_t> q_;
  QuantizedRow quantized_;
  std::vector<std::int8_t> fine_q_;
  float fine_scale_ = 0;
};

TEST_F(CertifyRow, ScreenedGapNeverUnderstates) {
  const RowReport exact = over_all_atoms();
  EXPECT_GT(exact.gap, 0.0);
  for (const float threshold : {0.1f, 0.3f, 0.45f, 0.6f, 1.0f, 5.0f}) {
    const RowReport bound = screened(threshold);
    EXPECT_GE(bound.gap, exact.gap - 1e-12);
    EXPECT_EQ(bound.primal, exact.primal);
    EXPECT_EQ(screened(threshold, true).gap, bound.gap);  // the same where the list has not been brought anywhere
    EXPECT_GE(bound.kkt_violation, exact.kkt_violation - 1e-12);
  }
}

TEST_F(CertifyRow, ListedBelowLambdaGivesTheExactGap) {
  EXPECT_LE(std::abs(screened(0.2f).gap - over_all_atoms().gap), 1e-12);
}

TEST_F(CertifyRow, MovementSinceScreeningIsCharged) {
  // Screened at a residual that is not the code's: bounds must widen by the distance.
  std::fill(q_.begin(), q_.end(), std::int8_t{0});
  const RowReport exact = over_all_atoms();
  EXPECT_GE(screened(0.1f).gap, exact.gap - 1e-12);
}

TEST_F(CertifyRow, AListBroughtAlongSpeaksOfWhereItWasBrought) {
  // Nothing is the solution, by a hair. Screened elsewhere; a second copy makes up for nearly all of the way.
  atoms_.clear();
  weights_.clear();
  residual_ = z_;
  lambda_ = 0;
  for (std::int32_t j = 0; j < 300; ++j) {
    lambda_ = std::max(lambda_, 1.01 * testing::dot(dictionary_->atom<float>(j), z_.data(), 64));
  }
  const auto threshold = static_cast<float>(0.97 * lambda_);
  std::vector<float> elsewhere = residual_;
  for (std::size_t k = 0; k < elsewhere.size(); ++k) elsewhere[k] += 0.05f * dictionary_->atom<float>(7)[k];
  quantized_ = quantize_row(elsewhere.data(), dictionary_->ld, q_.data());
  EXPECT_LT(over_all_atoms().gap, 1e-9);
  EXPECT_GT(screened(threshold).gap, 1e-5);
  std::vector<float> movement(residual_.size());
  for (std::size_t k = 0; k < movement.size(); ++k) {
    movement[k] = residual_[k] - quantized_.scale * static_cast<float>(q_[k]);
  }
  fine_scale_ = quantize_row(movement.data(), dictionary_->ld, fine_q_.data()).scale;
  EXPECT_LT(screened(threshold, true).gap, 1e-9);
  EXPECT_GT(screened(threshold, false).gap, 1e-5);  // of what never was in it, only the screening knows something
}

TEST_F(CertifyRow, AListedAtomThatIsNotLookedAtStaysInTheMaximum) {
  // No atom reaches lambda, and the code's only atom is far from it: what limits the dual point is an atom that is
  // listed with a bound below lambda.
  double largest = 0;
  std::int32_t far = 0;  // an atom of positive correlation, well below the largest
  for (std::int32_t j = 0; j < 300; ++j) {
    const double correlation = testing::dot(dictionary_->atom<float>(j), residual_.data(), 64);
    largest = std::max(largest, correlation);
    if (correlation > 0.5 && correlation < 1.0) far = j;
  }
  ASSERT_GT(largest, 2.0);
  atoms_ = {far};
  weights_ = {20.0f};
  z_ = residual_;
  for (std::size_t k = 0; k < z_.size(); ++k) z_[k] += weights_[0] * dictionary_->atom<float>(far)[k];
  lambda_ = 1.2 * largest;
  const RowReport exact = over_all_atoms();
  EXPECT_LT(exact.dual, exact.primal);
  EXPECT_GE(screened(0.1f).gap, exact.gap - 1e-12);
}

TEST_F(CertifyRow, AtomsKeptBelowLambdaInFloat32AreBoundedNotRounded) {
  // lambda close above the largest correlation: a float32 sum without its error would come out below it every other
  // time, and the dual point would be scaled too far.
  weights_ = {0.5f, 1.0f, 1.0f};
  for (unsigned seed = 100; seed < 140; ++seed) {
    residual_ = testing::random_row(64, dictionary_->ld, seed);
    z_ = residual_;
    for (std::size_t i = 0; i < atoms_.size(); ++i) {
      for (std::size_t k = 0; k < z_.size(); ++k) z_[k] += weights_[i] * dictionary_->atom<float>(atoms_[i])[k];
    }
    std::vector<double> r(z_.begin(), z_.end());
    math::CertificateTerms terms;
    for (std::size_t k = 0; k < r.size(); ++k) {
      for (std::size_t i = 0; i < atoms_.size(); ++i) {
        r[k] -= static_cast<double>(weights_[i]) * static_cast<double>(dictionary_->atom<float>(atoms_[i])[k]);
      }
      terms.z_dot_z += static_cast<double>(z_[k]) * static_cast<double>(z_[k]);
      terms.z_dot_r += static_cast<double>(z_[k]) * r[k];
      terms.r_dot_r += r[k] * r[k];
    }
    for (std::int64_t j = 0; j < 300; ++j) {
      double correlation = 0;
      for (std::size_t k = 0; k < 64; ++k) correlation += static_cast<double>(dictionary_->atom<float>(j)[k]) * r[k];
      terms.max_correlation = std::max(terms.max_correlation, correlation);
    }
    terms.weighted_l1 = 2.5;
    for (const double excess : {1e-9, 1e-7, 1e-5, 1e-3}) {
      lambda_ = terms.lambda = terms.max_correlation * (1 + excess);
      const double gap = math::make_certificate(terms).gap;
      EXPECT_GE(over_all_atoms().gap, gap - 1e-11) << "seed " << seed << ", excess " << excess;
      EXPECT_LE(over_all_atoms().gap, gap + 1e-3) << "seed " << seed << ", excess " << excess;
    }
  }
}

TEST_F(CertifyRow, ASupportAtomOfTheWrongSignLimitsTheDualPoint) {
  // Weights of either sign: an atom with a positive weight and by far the largest correlation, a negative one.
  problem_.nonnegative = false;
  atoms_ = {50};
  weights_ = {0.5f};
  for (std::size_t k = 0; k < z_.size(); ++k) {
    residual_[k] = 0.01f * residual_[k] - 5 * dictionary_->atom<float>(50)[k];
    z_[k] = residual_[k] + weights_[0] * dictionary_->atom<float>(50)[k];
  }
  const double correlation = std::abs(testing::dot(dictionary_->atom<float>(50), residual_.data(), 64));
  ASSERT_GT(correlation, 2.0);
  math::CertificateTerms terms;
  terms.z_dot_z = testing::dot(z_.data(), z_.data(), 64);
  terms.z_dot_r = testing::dot(z_.data(), residual_.data(), 64);
  terms.r_dot_r = testing::dot(residual_.data(), residual_.data(), 64);
  terms.weighted_l1 = 0.5;
  terms.max_correlation = correlation;
  terms.lambda = lambda_;
  const double gap = math::make_certificate(terms).gap;
  EXPECT_NEAR(over_all_atoms().gap, gap, 1e-5 * gap);
  terms.max_correlation = 0.5 * correlation;
  EXPECT_LT(math::make_certificate(terms).gap, 0.9 * gap);  // what leaving it out would look like
}

TEST_F(CertifyRow, RoundingACodeKeepsWhatFloat32HoldsInTheRowsUnits) {
  std::vector<std::int32_t> atoms = {1, 2, 3, 4};
  std::vector<float> weights = {0.3f, 1e-6f, -0.7f, 2.0f};
  const std::vector<float> before = weights;
  round_code(20, atoms, weights);
  EXPECT_EQ(weights, before);
  round_code(140, atoms, weights);  // 2^-140: subnormal, with 9 bits left; 1e-6 times that is 0
  EXPECT_EQ(atoms, (std::vector<std::int32_t>{1, 3, 4}));
  EXPECT_NE(weights[0], 0.3f);
  EXPECT_NEAR(weights[0], 0.3f, 0.3 * 0x1p-7);
  EXPECT_EQ(weights[2], 2.0f);
  round_code(-128, atoms, weights);  // 2 * 2^128 is no float
  EXPECT_EQ(atoms, (std::vector<std::int32_t>{1, 3}));
}

TEST_F(CertifyRow, ACorruptedCodeHasALargerGap) {
  const double before = over_all_atoms().gap;
  weights_[2] *= 3.0f;
  EXPECT_GT(over_all_atoms().gap, before);
}

}  // namespace
}  // namespace splice_cuda::cpu
