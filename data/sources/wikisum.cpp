#include "data/sources/sets.h"

namespace smooth {
namespace {

std::string text_or_nothing(const Record& record, const std::string& name) { return has_field(record, name) ? text_field(record, name) : ""; }

}  // namespace

void read_wikisum(RawSet& set, const std::function<bool(WikiPassage&)>& take) {
  set.read({"title?", "article?", "text?", "summary?"}, [&](Record& record) {
    if (!has_field(record, "article") && !has_field(record, "text")) throw BadRecord("neither a field article nor a field text");
    WikiPassage passage{.title = text_or_nothing(record, "title"),
                        .text = text_field(record, has_field(record, "article") ? "article" : "text"),
                        .summary = text_or_nothing(record, "summary")};
    return take(passage);
  });
}

}  // namespace smooth
