#include <algorithm>
#include <array>
#include <utility>

#include "data/sources/sets.h"

namespace smooth {
namespace {

// Name in LongBench ("somethin" and "Group or organization of person" are as they stand there).
constexpr std::array<std::pair<const char*, const char*>, 50> kTypes = {{
    {"ABBR:abb", "Abbreviation"},
    {"ABBR:exp", "Expression abbreviated"},
    {"ENTY:animal", "Animal"},
    {"ENTY:body", "Organ of body"},
    {"ENTY:color", "Color"},
    {"ENTY:cremat", "Invention, book and other creative piece"},
    {"ENTY:currency", "Currency name"},
    {"ENTY:dismed", "Disease and medicine"},
    {"ENTY:event", "Event"},
    {"ENTY:food", "Food"},
    {"ENTY:instru", "Musical instrument"},
    {"ENTY:lang", "Language"},
    {"ENTY:letter", "Letter like a-z"},
    {"ENTY:other", "Other entity"},
    {"ENTY:plant", "Plant"},
    {"ENTY:product", "Product"},
    {"ENTY:religion", "Religion"},
    {"ENTY:sport", "Sport"},
    {"ENTY:substance", "Element and substance"},
    {"ENTY:symbol", "Symbols and sign"},
    {"ENTY:techmeth", "Techniques and method"},
    {"ENTY:termeq", "Equivalent term"},
    {"ENTY:veh", "Vehicle"},
    {"ENTY:word", "Word with a special property"},
    {"DESC:def", "Definition of something"},
    {"DESC:desc", "Description of something"},
    {"DESC:manner", "Manner of an action"},
    {"DESC:reason", "Reason"},
    {"HUM:gr", "Group or organization of person"},
    {"HUM:ind", "Individual"},
    {"HUM:title", "Title of a person"},
    {"HUM:desc", "Description of a person"},
    {"LOC:city", "City"},
    {"LOC:country", "Country"},
    {"LOC:mount", "Mountain"},
    {"LOC:other", "Other location"},
    {"LOC:state", "State"},
    {"NUM:code", "Postcode or other code"},
    {"NUM:count", "Number of something"},
    {"NUM:date", "Date"},
    {"NUM:dist", "Distance, linear measure"},
    {"NUM:money", "Price"},
    {"NUM:ord", "Order, rank"},
    {"NUM:other", "Other number"},
    {"NUM:period", "Lasting time of somethin"},
    {"NUM:perc", "Percent, fraction"},
    {"NUM:speed", "Speed"},
    {"NUM:temp", "Temperature"},
    {"NUM:volsize", "Size, area and volume"},
    {"NUM:weight", "Weight"},
}};

}  // namespace

const std::vector<std::string>& trec_types() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& [label, name] : kTypes) list.emplace_back(name);
    return list;
  }();
  return names;
}

void read_trec(RawSet& set, const std::function<bool(TypedQuestion&)>& take) {
  set.read({}, [&](Record& record) {
    const std::string& line = text_field(record, "line");
    const size_t blank = line.find(' ');
    const std::string label = line.substr(0, blank);
    const auto* const type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& pair) { return label == pair.first; });
    if (type == kTypes.end()) throw BadRecord("expected COARSE:fine and a question, found type \"" + label + "\"");
    TypedQuestion question{.question = blank == std::string::npos ? "" : line.substr(blank + 1), .type = type->second};
    if (question.question.find_first_not_of(' ') == std::string::npos) throw BadRecord("no question behind its type");
    return take(question);
  });
}

}  // namespace smooth
