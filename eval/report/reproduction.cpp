#include "eval/report/reproduction.h"

#include <stdexcept>

#include "eval/report/fig4.h"
#include "eval/report/fig5.h"
#include "eval/report/figure6.h"
#include "eval/report/table4.h"
#include "eval/report/table5.h"
#include "eval/report/table7.h"

namespace smooth {
namespace {

void need(bool there, const std::string& what) {
  if (!there) throw std::runtime_error(what);
}

}  // namespace

Reproduction reproduction_of(const std::string& as, const Runs& runs, const std::vector<Line>& needles, const std::vector<Line>& longbench) {
  if (as.empty()) return {};
  if (as == "table2" || as == "table6") {
    need(!longbench.empty(), as + ": the runs hold no evaluation of LongBench (`benchmark: longbench`)");
    return {as == "table2" ? "Table 2: LongBench, 3B models" : "Table 6: LongBench, 7B models", {}, true, as == "table6"};
  }
  if (as == "table3") {
    need(!needles.empty(), "table3: the runs hold no evaluation of needles (`benchmark: niah`)");
    return {"Table 3: needles beyond the training length"};
  }
  if (as == "table4") return {"Table 4: window and chunk in smooth reading", table4_blocks(needles)};
  if (as == "table5") return {"Table 5: the training set", table5_blocks(runs.data)};
  if (as == "table7") return {"Table 7: smooth reading with and without early stop", table7_blocks(needles)};
  if (as == "fig4") return {"Fig. 4: time against context length", fig4_blocks(needles, runs.benches)};
  if (as == "fig5") return {"Fig. 5: time against chunk size, chunk : window = 1 : 2", fig5_blocks(needles)};
  if (as == "fig6") {
    need(figure6(runs.evaluations).has_value(), "fig6: the runs hold no needles at fixed distances from the end (`niah.distance`)");
    return {"Fig. 6: needles at fixed distances from the end"};
  }
  throw std::runtime_error("report --as " + as + " is not known; it can be table2, table3, table4, table5, table6, table7, fig4, fig5 or fig6");
}

}  // namespace smooth
