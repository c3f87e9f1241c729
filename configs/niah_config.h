// The options of needle-in-a-haystack tasks, and RULER's eight tasks as sets of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "configs/field.h"

namespace smooth {

struct NiahVariant {
  const char *name, *haystack, *key_type, *value_type;
  int64_t keys, values, queries;
};

// NVIDIA/RULER scripts/synthetic.yaml, niah_single_1 to niah_multiquery; the last has k = 1 there, which niah.py raises to q.
inline constexpr std::array<NiahVariant, 8> kNiahVariants = {{{"single_1", "noise", "words", "numbers", 1, 1, 1},
                                                              {"single_2", "essays", "words", "numbers", 1, 1, 1},
                                                              {"single_3", "essays", "words", "uuids", 1, 1, 1},
                                                              {"multikey_1", "essays", "words", "numbers", 4, 1, 1},
                                                              {"multikey_2", "needle", "words", "numbers", 1, 1, 1},
                                                              {"multikey_3", "needle", "uuids", "uuids", 1, 1, 1},
                                                              {"multivalue", "essays", "words", "numbers", 1, 4, 1},
                                                              {"multiquery", "essays", "words", "numbers", 4, 1, 4}}};

inline std::vector<std::string> niah_variant_names() {
  std::vector<std::string> names;
  for (const NiahVariant& variant : kNiahVariants) names.emplace_back(variant.name);
  return names;
}

inline const NiahVariant& niah_variant(const std::string& name) {
  std::string known;
  for (const NiahVariant& variant : kNiahVariants) {
    if (variant.name == name) return variant;
    known += (known.empty() ? "" : ", ") + std::string(variant.name);
  }
  throw std::invalid_argument("niah.variant: " + name + " is not known; RULER's are " + known);
}

// RULER's needle-in-a-haystack task (NVIDIA/RULER, scripts/data/synthetic/niah.py), with its own k, v and q.
struct NiahConfig {
  std::optional<std::string> variant;
  std::string haystack = "sentences";  // sentences | noise | needle | essays | passages
  std::string essays;                  // folder of .txt, RULER's JSON or a jsonl; for haystack: essays
  std::string passages;                // HotpotQA's training split; for haystack: passages
  int64_t keys = 4, values = 1, queries = 1;
  std::string key_type = "words", value_type = "numbers";
  int64_t digits = 7;
  int64_t adjectives = 0, nouns = 0;  // how many of the word lists; 0 = all
  std::optional<double> depth_percent;
  std::vector<int64_t> distance;
  std::string split = "train";
  std::string file;

  bool operator==(const NiahConfig&) const = default;

  // RULER's task of this name, with all words and 7 digits, and of no split, which RULER does not know. Throws listing the names.
  void set_variant(const std::string& name) {
    const NiahVariant& set = niah_variant(name);
    variant = name;
    haystack = set.haystack, key_type = set.key_type, value_type = set.value_type;
    keys = set.keys, values = set.values, queries = set.queries;
    digits = 7, adjectives = nouns = 0, split = "all";
  }

  // What a table calls these tasks: the variant, unless another key made a different task of it; otherwise the haystack.
  std::string name() const {
    if (!variant) return haystack;
    const NiahVariant& set = niah_variant(*variant);
    const bool same_text = haystack == set.haystack && key_type == set.key_type && value_type == set.value_type;
    return same_text && keys == set.keys && values == set.values && queries == set.queries ? *variant : haystack;
  }

  template <class V>
  void visit(V& v) {
    v("variant", variant,
      "a task of RULER's: sets haystack, keys, values, queries, types, digits, words and split, and each of them that is given too stands over it",
      one_of(niah_variant_names()));
    if constexpr (requires { V::kReads; }) {
      if (variant) set_variant(*variant);
    }
    v("haystack", haystack, "text that hides the needles", one_of({"sentences", "noise", "needle", "essays", "passages"}));
    v("essays", essays, "essays: a folder of .txt, RULER's PaulGrahamEssays.json, or a .jsonl with text", existing_if_given());
    v("passages", passages, "passages: a file or folder of HotpotQA's training split");
    v("keys", keys, "needle keys per task (RULER's k)", between(1, 1000));
    v("values", values, "values per key (v)", between(1, 1000));
    v("queries", queries, "keys asked for (q)", between(1, 1000));
    v("key_type", key_type, "what a key is", one_of({"words", "numbers", "uuids"}));
    v("value_type", value_type, "what a value is", one_of({"words", "numbers", "uuids"}));
    v("digits", digits, "length of a number", between(2, 18));
    v("adjectives", adjectives, "adjectives that words are made of, 0 for all", at_least(0));
    v("nouns", nouns, "nouns that words are made of, 0 for all", at_least(0));
    v("depth_percent", depth_percent, "fixed depth of the queried needle instead of random ones", between(0, 100));
    v("distance", distance,
      "fixed distances of the queried needle from the context's end instead of random depths, in tokens; each makes cells of its own "
      "(Fig. 6: [2048, 5120])",
      at_least(1));
    v("split", split, "keys, values and sentences of train and test never meet", one_of({"train", "test", "all"}));
    v("file", file, "read instead of making tasks: a validation.jsonl as RULER writes it; {length} in its path stands for each context length");
  }
  std::optional<Problem> problem() const {
    if (queries > keys) return Problem{"queries", "more keys are asked for than hidden"};
    if (haystack == "essays" && essays.empty()) return Problem{"essays", "haystack: essays needs a folder or file of essays"};
    if ((haystack == "passages") == passages.empty()) return Problem{"passages", "haystack: passages needs HotpotQA's training split, no other does"};
    if (depth_percent && !distance.empty()) return Problem{"distance", "give it or depth_percent, not both"};
    for (const int64_t one : distance) {
      if (std::count(distance.begin(), distance.end(), one) > 1) return Problem{"distance", std::to_string(one) + " is given twice"};
    }
    NiahConfig alone;
    alone.file = file;
    if (!file.empty() && *this != alone) return Problem{"file", "RULER's tasks are read as they are; leave the other keys of niah out"};
    return {};
  }
};

}  // namespace smooth
