// A context of the tiny LongBench: units that are told, hidden among others until it is long enough.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/tiny/draws.h"
#include "data/tiny/tiny.h"

namespace smooth {

// A sentence, a passage, an example: what is not divided. `evidence` has its places in `text`.
struct Unit {
  std::string text;
  std::vector<Evidence> evidence;
};

// What a context tells and a reader may be asked for.
struct Told {
  std::string statement, clue, value;  // "The home of Mara Venn is still the red fox.", "the home of Mara Venn is still", "the red fox"
};

// How units follow each other.
struct Manner {
  std::function<std::string()> filler;
  std::string between;
  std::function<std::string(size_t)> head = [](size_t) { return std::string(); };  // before the n-th unit, n from 1
};

// A unit with one piece of evidence, which spans it.
Unit evident(const std::string& text, const std::string& subject, const std::string& value);

Unit evident(const Told& told);

// Appends the units to the record's context, at places drawn among as many others as its length asks for. Those with evidence keep their order.
// Their evidence is appended to the record's.
void hide(const std::vector<Unit>& told, const Manner& manner, Draws& draws, TinyRecord& made);

// Appends one unit at the context's end.
void append(const Unit& unit, TinyRecord& made);

}  // namespace smooth
