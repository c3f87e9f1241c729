#include "trainer/buckets.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <stdexcept>

#include "model/checkpoint.h"

namespace smooth {

// Called by autograd when a parameter's gradient has been added to its .grad().
struct Buckets::Hook : torch::autograd::PostAccumulateGradHook {
  Hook(Buckets& owner, Address place) : buckets(owner), at(place) {}
  void operator()(const torch::autograd::Variable& parameter) override {
    buckets.add_at(at, parameter.grad());
    parameter.mutable_grad() = at::Tensor();
  }
  Buckets& buckets;
  Address at;
};

Buckets::Buckets(const std::vector<Parameter>& parameters, const PrecisionConfig& precision, const RanksConfig& config, Ranks& ranks)
    : ranks_(ranks), zero_(ranks.size() == 1 ? 0 : config.zero), gradient_type_(dtype_from(precision.gradients)) {
  at::NoGradGuard no_grad;
  const at::ScalarType dtype = dtype_from(precision.weights), master_type = dtype_from(precision.master);
  const int64_t most = config.bucket_mb * (1 << 20) / static_cast<int64_t>(c10::elementSize(gradient_type_)), N = ranks.size();
  std::vector<size_t> open = {0, 0};  // of those that decay and those that do not: the bucket being filled, plus one
  for (const Parameter& parameter : parameters) {
    const bool decays = parameter.value.dim() > 1;
    const int64_t count = parameter.value.numel();
    size_t& bucket = open[decays ? 0 : 1];
    if (bucket == 0 || buckets_[bucket - 1].numel + count > most) {
      buckets_.push_back({.decays = decays});
      bucket = buckets_.size();
    }
    Bucket& into = buckets_[bucket - 1];
    into.slices.push_back({parameter.name, into.numel, count, parameter.value});
    into.numel += count;
  }
  for (size_t b = 0; b < buckets_.size(); ++b) {
    Bucket& bucket = buckets_[b];
    const int64_t used = bucket.numel;
    bucket.numel = (used + N - 1) / N * N;
    const at::TensorOptions options = parameters.front().value.options().requires_grad(false);
    bucket.weights = at::zeros({bucket.numel}, options.dtype(dtype));
    at::Tensor master = master_type == dtype ? bucket.weights : at::zeros({bucket.numel}, options.dtype(master_type));
    for (size_t s = 0; s < bucket.slices.size(); ++s) {
      Bucket::Slice& slice = bucket.slices[s];
      const at::Tensor view = bucket.weights.narrow(0, slice.begin, slice.count).view(slice.value.sizes());
      master.narrow(0, slice.begin, slice.count).copy_(slice.value.flatten());  // before they are rounded
      view.copy_(slice.value);
      slice.value.set_data(view);
      slice.value.requires_grad_();
      torch::autograd::impl::set_post_acc_grad_hooks(slice.value, std::make_unique<Hook>(*this, Address{b, s}));
    }
    const int64_t share = zero_ > 0 ? bucket.numel / N : bucket.numel;
    bucket.own_begin = zero_ > 0 ? share * ranks.rank() : 0;
    bucket.own_weights = bucket.weights.narrow(0, bucket.own_begin, share);
    bucket.master = master_type == dtype ? bucket.own_weights : zero_ > 0 ? master.narrow(0, bucket.own_begin, share).clone() : master;
    if (zero_ < 2) bucket.gradients = at::zeros({bucket.numel}, options.dtype(gradient_type_));
    bucket.own_gradients = zero_ < 2 ? bucket.gradients.narrow(0, bucket.own_begin, share) : at::zeros({share}, options.dtype(gradient_type_));
  }
}

Buckets::~Buckets() {
  for (Bucket& bucket : buckets_) {
    for (Bucket::Slice& slice : bucket.slices) torch::autograd::impl::set_post_acc_grad_hooks(slice.value, nullptr);
  }
}

void Buckets::zero_gradients() {
  for (Bucket& bucket : buckets_) {
    if (bucket.gradients.defined()) bucket.gradients.zero_();
    if (zero_ == 2) bucket.own_gradients.zero_();
  }
}

at::Tensor Buckets::full_gradients(Bucket& bucket) {
  if (!bucket.gradients.defined()) bucket.gradients = at::zeros({bucket.numel}, bucket.weights.options().dtype(gradient_type_));
  return bucket.gradients;
}

at::Tensor Buckets::gradient_at(const Address& at) {
  const Bucket::Slice& place = buckets_[at.bucket].slices[at.slice];
  return full_gradients(buckets_[at.bucket]).narrow(0, place.begin, place.count).view(place.value.sizes());
}

std::optional<Buckets::Address> Buckets::find(const at::Tensor& parameter) const {
  for (size_t b = 0; b < buckets_.size(); ++b) {
    for (size_t s = 0; s < buckets_[b].slices.size(); ++s) {
      if (buckets_[b].slices[s].value.is_same(parameter)) return Address{b, s};
    }
  }
  return {};
}

at::Tensor Buckets::gradient(const at::Tensor& parameter) {
  const std::optional<Address> at = find(parameter);
  return at ? gradient_at(*at) : at::Tensor();
}

void Buckets::add(const at::Tensor& parameter, const at::Tensor& gradient) {
  const std::optional<Address> at = find(parameter);
  if (!at) throw std::logic_error("a gradient of what is in no bucket");
  add_at(*at, gradient);
}

void Buckets::begin_pass(bool last) {
  reduces_ = ranks_.size() > 1 && (last || zero_ == 2);
  next_ = 0;
  missing_.clear();
  for (const Bucket& bucket : buckets_) missing_.push_back(bucket.slices.size());
}

void Buckets::add_at(const Address& at, const at::Tensor& gradient) {
  at::NoGradGuard no_grad;
  gradient_at(at).add_(gradient);
  --missing_[at.bucket];
  send_ready();
}

void Buckets::send_ready() {
  while (reduces_ && next_ < buckets_.size()) {
    const size_t b = buckets_.size() - 1 - next_;
    if (missing_[b] > 0) return;
    ++next_;
    Bucket& bucket = buckets_[b];
    if (zero_ > 0 && std::ssize(pending_) == kTravelling) finish_oldest();
    if (zero_ == 0) {
      pending_.push_back(ranks_.sum(bucket.gradients));
    } else if (zero_ == 1) {
      const at::Tensor own = at::empty_like(bucket.own_gradients);
      Pending sum = ranks_.scatter_sum(own, bucket.gradients);
      pending_.emplace_back([sum, own, to = bucket.own_gradients]() mutable {
        sum.wait();
        to.copy_(own);
      });
    } else {
      const at::Tensor own = at::empty_like(bucket.own_gradients);
      Pending sum = ranks_.scatter_sum(own, full_gradients(bucket));
      bucket.gradients = at::Tensor();
      pending_.emplace_back([sum, own, to = bucket.own_gradients]() mutable {
        sum.wait();
        to.add_(own);
      });
    }
  }
}

void Buckets::end_pass() {
  at::NoGradGuard no_grad;
  std::fill(missing_.begin(), missing_.end(), 0);  // parameters that this pass did not meet
  send_ready();
  while (!pending_.empty()) finish_oldest();
}

void Buckets::finish_oldest() {
  pending_.front().wait();
  pending_.pop_front();
}

void Buckets::gather_weights() {
  if (zero_ == 0) return;
  at::NoGradGuard no_grad;
  std::vector<Pending> gathered;
  for (Bucket& bucket : buckets_) gathered.push_back(ranks_.gather(bucket.weights, bucket.own_weights));
  for (Pending& one : gathered) one.wait();
}

}  // namespace smooth
