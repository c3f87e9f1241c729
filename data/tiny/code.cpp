// Code: a file or repository sets two variables, and after each is cleared it is set again to the same. The text ends where one has just been
// cleared. In repobench-p the files that set them are others than the one that is to be gone on with.
#include "data/tiny/context.h"
#include "data/tiny/makers.h"

namespace smooth {
namespace {

// The words that a dataset's code has for it.
struct Dialect {
  std::string set, clear;
};
const Dialect kFile = {"int", "clear"}, kRepository = {"long", "reset"};

struct Variable {
  std::string name, value;  // "red_fox", "lion + bear"

  std::string set(const Dialect& in) const { return in.set + " " + name + " = " + value + ";"; }
  std::string clear(const Dialect& in) const { return in.clear + " ( " + name + " );"; }
  Told told(const Dialect& in) const { return {set(in), in.set + " " + name + " =", value}; }
  Unit first(const Dialect& in) const { return evident(set(in) + "\n", told(in).clue, value); }
};

std::string comment(Draws& draws) { return "// " + draws.sentence() + "\n"; }

// Comments, and every third time one of the variables cleared and set again.
Manner body(const std::vector<Variable>& variables, const Dialect& in, Draws& draws) {
  return {.filler = [&, n = 0]() mutable {
            if (++n % 3 > 0) return comment(draws);
            const Variable& again = draws.random().choice(variables);
            return again.clear(in) + "\n" + again.set(in) + "\n";
          },
          .between = ""};
}

Variable variable(Draws& draws) {
  const std::string name = draws.pair("_");
  return {name, draws.pair(" + ")};
}

const Dialect& dialect(const Dialect& own, const Dialect& kin, Draws& draws) { return draws.kin() && draws.random().below(2) == 0 ? kin : own; }

void ask(const Variable& variable, const Dialect& in, TinyRecord& made) {
  made.record.language = "java";
  made.record.answers = {variable.set(in)};
  made.subject = "the next line";
}

}  // namespace

void make_file(Draws& draws, TinyRecord& made) {
  const Dialect& in = dialect(kFile, kRepository, draws);
  const std::vector<Variable> variables = {variable(draws), variable(draws)};
  const Variable& asked = draws.random().choice(variables);
  ask(asked, in, made);
  for (const Variable& variable : variables) append(variable.first(in), made);
  hide({}, body(variables, in, draws), draws, made);
  made.record.context += asked.clear(in) + "\n";
}

void make_repository(Draws& draws, TinyRecord& made) {
  const Dialect& in = dialect(kRepository, kFile, draws);
  const std::vector<Variable> variables = {variable(draws), variable(draws)};
  const Variable& asked = draws.random().choice(variables);
  ask(asked, in, made);
  made.record.input = comment(draws) + asked.clear(in);
  const auto path = [&] { return "lib/" + draws.pair("_") + ".java\n"; };
  append({path(), {}}, made);
  for (const Variable& variable : variables) append(variable.first(in), made);
  const Manner lines = body(variables, in, draws);
  hide({}, {.filler = [&, n = 0]() mutable { return ++n % 6 > 0 ? lines.filler() : path(); }, .between = ""}, draws, made);
}

Told told_variable(Draws& draws) { return variable(draws).told(draws.random().below(2) == 0 ? kFile : kRepository); }

}  // namespace smooth
