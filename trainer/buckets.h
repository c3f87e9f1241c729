// A model's parameters end to end in buckets, flat tensors of weights and of gradients. Gradients are summed over packs and ranks bucket by
// bucket, while the backward pass goes on; what ZeRO (arXiv:1910.02054) shares out, each rank keeps for its share of every bucket.
#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "configs/config.h"
#include "model/model.h"
#include "trainer/ranks.h"

namespace smooth {

struct Bucket {
  // One parameter's place: numbers [begin, begin + count) of the bucket.
  struct Slice {
    std::string name;
    int64_t begin, count;
    at::Tensor value;  // the parameter, a view of `weights`
  };
  bool decays = false;     // matrices decay; norms and biases do not
  std::vector<Slice> slices;
  int64_t numel = 0;       // padded to a multiple of the ranks
  at::Tensor weights;      // [numel]; the parameters are views of it
  at::Tensor gradients;    // [numel]; with ZeRO 2 only while they are being made
  // This rank's share: of all, or with ZeRO of numel / N numbers from own_begin on.
  at::Tensor own_weights, own_gradients;
  at::Tensor master;       // own_weights in the precision in which they are updated; the same tensor where that is the weights' own
  int64_t own_begin = 0;
};

class Buckets {
 public:
  // Takes the parameters' storage over: each becomes a view of its bucket, in `precision.weights`.
  Buckets(const std::vector<Parameter>& parameters, const PrecisionConfig& precision, const RanksConfig& config, Ranks& ranks);
  ~Buckets();
  Buckets(const Buckets&) = delete;
  Buckets& operator=(const Buckets&) = delete;

  // With ZeRO a pass waits for the ranks' sums when so many are on their way: what all of them are made in would not fit.
  static constexpr int64_t kTravelling = 4;

  std::vector<Bucket>& all() { return buckets_; }
  const std::vector<Bucket>& all() const { return buckets_; }

  bool shared_out() const { return zero_ > 0; }  // has each rank a share of its own?

  void zero_gradients();
  // Called around each pack's forward and backward pass. Where `last`, or with ZeRO 2, the ranks' sums are begun during it, and have been
  // made when end_pass returns: every rank must do as many passes.
  void begin_pass(bool last);
  void end_pass();
  // Where the gradient of a parameter is summed: for what computes it outside of autograd. Undefined if it is not trained.
  at::Tensor gradient(const at::Tensor& parameter);
  // Adds what is known of a parameter's gradient in this pass.
  void add(const at::Tensor& parameter, const at::Tensor& gradient);
  // After an update of the shares: all ranks have all weights again.
  void gather_weights();

 private:
  struct Hook;
  struct Address {
    size_t bucket, slice;
  };
  std::optional<Address> find(const at::Tensor& parameter) const;
  void add_at(const Address& at, const at::Tensor& gradient);
  void send_ready();
  void finish_oldest();
  at::Tensor full_gradients(Bucket& bucket);
  at::Tensor gradient_at(const Address& at);

  std::vector<Bucket> buckets_;
  Ranks& ranks_;
  int64_t zero_;
  at::ScalarType gradient_type_;
  bool reduces_ = false;         // this pass
  std::vector<size_t> missing_;  // [buckets] gradients of this pass that have not come yet
  size_t next_ = 0;              // buckets travel from the last to the first, on every rank alike: how many have been sent
  std::deque<Pending> pending_;
};

}  // namespace smooth
