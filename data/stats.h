// A set in numbers: Table 5 of what was built beside the paper's, histograms, and which of the tasks that were tried
// overlap with LongBench.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace smooth {

// Table 5 of the paper.
struct PaperRow {
  const char* row;
  int64_t samples, mean_length;
};
inline constexpr std::array<PaperRow, 12> kTable5 = {{{"hotpotqa", 5652, 4249},
                                                      {"narrativeqa", 4348, 10173},
                                                      {"govreport", 8114, 12411},
                                                      {"qmsum", 742, 15245},
                                                      {"trec", 3259, 7759},
                                                      {"triviaqa", 3370, 13942},
                                                      {"samsum", 3371, 12100},
                                                      {"passage-count", 3333, 15777},
                                                      {"passage-retrieval", 3333, 8254},
                                                      {"niah-a", 1667, 20117},
                                                      {"niah-b", 1667, 10403},
                                                      {"lcc", 10000, 3331}}};

// What is counted of one row in one form: samples, tokens as the chat template lays them out, and those that were written.
struct RowStats {
  std::string row, form;
  int64_t samples = 0, tokens = 0, longest = 0, written = 0;  // longest document: unsmooth reading has one a turn

  double mean_length() const { return static_cast<double>(tokens) / static_cast<double>(samples > 0 ? samples : 1); }
  double written_share() const { return static_cast<double>(written) / static_cast<double>(tokens > 0 ? tokens : 1); }
};

// In the manifest's order. Reads every sample of the set's folder and lays it out by the chat template; empty: the set's own.
std::vector<RowStats> count_set(const std::string& folder, const std::string& chat_template);

// Null for a row that Table 5 lacks.
const PaperRow* table5_row(const std::string& row);

// Tables in words, for a terminal. Reads every sample of the set's folder and lays it out by the chat template; empty: the set's own.
std::string set_stats(const std::string& folder, const std::string& chat_template);

}  // namespace smooth
