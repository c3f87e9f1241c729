// YaRN (arXiv:2309.00071): RoPE whose slow pairs turn slower, so that a model reads `factor` times as far as it was
// trained to. As transformers computes it (modeling_rope_utils.py, _compute_yarn_parameters).
#pragma once

#include <cstdint>

namespace smooth {

struct Yarn {
  double factor = 1;                           // s
  int64_t original_max_position_embeddings = 0;  // L0
  double attention_factor = 1;                 // cos and sin are multiplied by it: 0.1 ln s + 1 unless the config says
  double beta_fast = 32, beta_slow = 1;        // turns over L0 from which a pair is kept, and below which it is stretched
};

}  // namespace smooth
