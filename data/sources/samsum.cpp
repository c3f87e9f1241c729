#include "data/sources/sets.h"

namespace smooth {

void read_samsum(RawSet& set, const std::function<bool(Dialogue&)>& take) {
  set.read({"id", "dialogue", "summary"}, [&](Record& record) {
    Dialogue dialogue{.id = text_field(record, "id"), .dialogue = text_field(record, "dialogue"), .summary = text_field(record, "summary")};
    if (dialogue.dialogue.empty() || dialogue.summary.empty()) throw BadRecord("a dialogue or a summary that is empty");
    return take(dialogue);
  });
}

}  // namespace smooth
