// BERT and MPNet encoders (transformers models/bert/modeling_bert.py, models/mpnet/modeling_mpnet.py) with sentence-transformers'
// mean pooling: Contriever, all-MiniLM-L6-v2, all-mpnet-base-v2. They find passages for retrieval (RAG); nothing trains them here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/encoder_config.h"
#include "model/files/safetensors.h"

namespace smooth {

class Encoder {
 public:
  explicit Encoder(EncoderConfig config, at::TensorOptions options = {});  // empty weights

  // Last hidden states of texts side by side, T the longest: [B, T, C]. Rows after a text's end mean nothing. Throws when a text
  // is empty or longer than the model has positions.
  at::Tensor forward(const std::vector<std::vector<int64_t>>& texts) const;
  // One vector a text: the mean of its tokens' hidden states [B, C], of length one if `normalised`.
  at::Tensor embed(const std::vector<std::vector<int64_t>>& texts, bool normalised) const;
  std::vector<Parameter> parameters() const;  // called as in BertModel's and MPNetModel's own checkpoints
  const EncoderConfig& config() const { return config_; }

 private:
  // Legend: B texts, T tokens, C hidden size, F intermediate size, H heads, D head width.
  struct Linear {
    at::Tensor weight, bias;  // [out, in], [out]
  };
  struct Norm {
    at::Tensor weight, bias;  // [C]
  };
  struct Layer {
    Linear query, key, value, output;  // [C, C]
    Norm attention_norm;
    Linear intermediate, dense;        // [F, C], [C, F]
    Norm output_norm;
  };
  at::Tensor attend(const Layer& layer, const at::Tensor& x, const at::Tensor& bias) const;
  at::Tensor distance_bias(int64_t length) const;
  at::Tensor norm(const at::Tensor& x, const Norm& norm) const;

  EncoderConfig config_;
  at::Tensor word_embeddings_, position_embeddings_, token_type_embeddings_;  // [V, C], [P, C], [types, C]; MPNet has no types
  at::Tensor relative_attention_bias_;                                        // [buckets, H]; MPNet alone
  Norm embeddings_norm_;
  std::vector<Layer> layers_;
};

// Of a Hugging Face folder. The pooler and other heads in it are left alone; a missing tensor is an error that names it.
std::unique_ptr<Encoder> load_encoder(const std::string& folder, const at::Device& device);

}  // namespace smooth
