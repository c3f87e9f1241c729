#include "trainer/adamw.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "model/checkpoint.h"

namespace smooth {

AdamW::AdamW(Buckets& buckets, const OptimConfig& config, const PrecisionConfig& precision, Ranks& ranks)
    : buckets_(buckets), config_(config), ranks_(ranks) {
  const at::ScalarType moments = dtype_from(precision.moments);
  step_ = at::zeros({}, buckets.all().front().weights.options().dtype(at::kFloat));
  for (const Bucket& bucket : buckets.all()) {
    const auto zeros = [&] { return at::zeros(bucket.master.sizes(), bucket.master.options().dtype(moments)); };
    moments_.push_back({zeros(), zeros()});
  }
}

// The root of the sum of squares of all shares.
double AdamW::norm() const {
  std::vector<at::Tensor> gradients;
  for (const Bucket& bucket : buckets_.all()) gradients.push_back(bucket.own_gradients);
  const at::Tensor squares = at::stack(at::_foreach_norm(gradients)).to(at::kDouble).square().sum();
  if (buckets_.shared_out()) ranks_.sum(squares).wait();
  return std::sqrt(squares.item<double>());
}

double AdamW::update(double divisor, double learning_rate) {
  at::NoGradGuard no_grad;
  const double norm = this->norm() / divisor;
  if (!std::isfinite(norm)) return norm;
  const double shrink = config_.clip > 0 && norm > config_.clip ? config_.clip / norm : 1.0;
  step_.add_(1);
  for (size_t b = 0; b < moments_.size(); ++b) {
    Bucket& bucket = buckets_.all()[b];
    // The kernel takes one dtype; what is kept in another goes through it as fp32.
    Moments& kept = moments_[b];
    const auto wide = [](const at::Tensor& x) { return x.to(at::kFloat); };
    const at::Tensor gradients = wide(bucket.own_gradients), master = wide(bucket.master), exp_avg = wide(kept.exp_avg), exp_avg_sq = wide(kept.exp_avg_sq);
    at::Tensor scale = at::full({}, divisor / shrink, step_.options());  // gradients are divided by it
    at::_fused_adamw_({master}, {gradients}, {exp_avg}, {exp_avg_sq}, /*max_exp_avg_sqs=*/{}, {step_}, learning_rate, config_.beta1, config_.beta2,
                      bucket.decays ? config_.weight_decay : 0.0, config_.eps, /*amsgrad=*/false, /*maximize=*/false, scale);
    if (!kept.exp_avg.is_same(exp_avg)) kept.exp_avg.copy_(exp_avg);
    if (!kept.exp_avg_sq.is_same(exp_avg_sq)) kept.exp_avg_sq.copy_(exp_avg_sq);
    if (!bucket.master.is_same(master)) bucket.master.copy_(master);
    if (!bucket.own_weights.is_same(bucket.master)) bucket.own_weights.copy_(bucket.master);
  }
  return norm;
}

namespace {

// The part of a slice that lies in a share of `count` numbers from `begin` on: counted within the share.
struct Part {
  int64_t begin, count;
};

Part part_of(const Bucket::Slice& slice, int64_t begin, int64_t count) {
  const int64_t from = std::max(slice.begin, begin), to = std::min(slice.begin + slice.count, begin + count);
  return {from - begin, std::max<int64_t>(0, to - from)};
}

}  // namespace

// Calls visit(slice, name, state, part, bucket) for all that is kept of each parameter in this rank's shares.
template <class Visit>
void AdamW::for_each_part(const Visit& visit) const {
  for (size_t b = 0; b < moments_.size(); ++b) {
    const Bucket& bucket = buckets_.all()[b];
    for (const Bucket::Slice& slice : bucket.slices) {
      const Part part = part_of(slice, bucket.own_begin, bucket.own_weights.numel());
      if (part.count == 0) continue;
      visit(slice, slice.name + ".exp_avg", moments_[b].exp_avg, part, bucket);
      visit(slice, slice.name + ".exp_avg_sq", moments_[b].exp_avg_sq, part, bucket);
      if (!bucket.master.is_same(bucket.own_weights)) visit(slice, slice.name + ".master", bucket.master, part, bucket);
    }
  }
}

std::vector<Parameter> AdamW::tensors() const {
  std::vector<Parameter> all = {{"step", step_}};
  for_each_part([&](const Bucket::Slice& slice, const std::string& name, const at::Tensor& state, const Part& part, const Bucket&) {
    const at::Tensor own = state.narrow(0, part.begin, part.count);
    all.push_back({name, part.count == slice.count ? own.view(slice.value.sizes()) : own});
  });
  return all;
}

void AdamW::load(const std::vector<std::string>& files) {
  std::vector<Safetensors> ranks;
  for (const std::string& file : files) ranks.emplace_back(file);
  step_.copy_(ranks.front().get("step", {}, step_.scalar_type()));
  for_each_part([&](const Bucket::Slice& slice, const std::string& name, const at::Tensor& state, const Part& part, const Bucket& bucket) {
    std::vector<at::Tensor> found;
    for (const Safetensors& from : ranks) {
      if (from.has(name)) found.push_back(from.get(name).flatten());
    }
    const at::Tensor all = found.empty() ? at::Tensor() : at::cat(found);
    if (!all.defined() || all.numel() != slice.count || all.scalar_type() != state.scalar_type()) {
      throw std::runtime_error(files.front() + ": " + name + ": expected " + std::to_string(slice.count) + " numbers of " +
                               c10::toString(state.scalar_type()) + " in the files of all ranks, found " +
                               (all.defined() ? std::to_string(all.numel()) + " of " + c10::toString(all.scalar_type()) : "none"));
    }
    state.narrow(0, part.begin, part.count).copy_(all.narrow(0, bucket.own_begin + part.begin - slice.begin, part.count));
  });
}

}  // namespace smooth
