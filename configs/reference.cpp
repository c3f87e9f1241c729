// config_reference(): the tree as Markdown tables, one per command.
#include <fmt/format.h>

#include "configs/allowed.h"
#include "configs/dump.h"
#include "configs/load.h"
#include "configs/reproduce_config.h"

namespace smooth {
namespace {

constexpr const char* kIntroduction = R"(# Configuration reference

Generated from `configs/config.h`; do not edit. A config is one YAML file: `./smooth train CONFIG.yaml [--set a.b=c …]`.
Defaults come first, then the files named by `include: FILE` or `include: [FILE, …]` at the top of a file (paths
relative to that file), then the file itself, then each `--set`. Maps are merged key by key; lists and scalars are
replaced. Items of a list are reached by their number: `--set rows.0.samples=10`. Every other path is relative to the
folder in which the command is run. An unknown key, a wrong type or a value that is not allowed stops the command before
anything is written.
)";

const char* type_words(int64_t) { return "whole number"; }
const char* type_words(double) { return "number"; }
const char* type_words(bool) { return "true or false"; }
const char* type_words(const std::string&) { return "text"; }

template <class T>
std::string type_words(const std::optional<T>&) {
  return std::string(type_words(T())) + " or null";
}
template <class T>
std::string type_words(const std::vector<T>&) {
  return std::string("list: ") + type_words(T());
}

class Table {
 public:
  explicit Table(std::string path = "") : path_(std::move(path)) {}

  template <class T>
  void operator()(const char* key, T& value, const char* help, const Allowed& allowed = {}) {
    add(join_key(path_, key), value, help, allowed);
  }

  std::string text;

 private:
  template <class T>
  void add(const std::string& path, T& value, const char* help, const Allowed& allowed) {
    row(path, type_words(value), allowed.required ? "required" : "`" + yaml_text(value) + "`", help,
        allowed);
  }
  template <Visitable T>
  void add(const std::string& path, T& value, const char* help, const Allowed& allowed) {
    row(path, "map", "", help, allowed);
    inside(path, value);
  }
  template <Visitable T>
  void add(const std::string& path, std::optional<T>&, const char* help, const Allowed& allowed) {
    row(path, "map or null", "`null`", help, allowed);
    T sample;
    inside(path, sample);
  }
  template <Visitable T>
  void add(const std::string& path, std::vector<T>&, const char* help, const Allowed& allowed) {
    row(path, "list of maps", allowed.required ? "required" : "`[]`", help, allowed);
    T sample;
    inside(path + ".N", sample);
  }

  template <Visitable T>
  void inside(const std::string& path, T& value) {
    Table table(path);
    value.visit(table);
    text += table.text;
  }
  void row(const std::string& path, const std::string& type, const std::string& standard,
           const std::string& help, const Allowed& allowed) {
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", path, type, standard,
                        allowed_words(allowed), help);
  }

  std::string path_;
};

template <Visitable Config>
std::string section(const std::string& command) {
  Config config;
  Table table;
  config.visit(table);
  return fmt::format(
      "\n## {}\n\n| key | type | default | allowed | what it is |\n|---|---|---|---|---|\n{}",
      command, table.text);
}

}  // namespace

std::string config_reference() {
  return kIntroduction + section<DataConfig>("data build") +
         section<TeacherConfig>("the chat teacher") + section<TrainConfig>("train") +
         section<EvalConfig>("eval") + section<BenchConfig>("bench") +
         section<ClusterConfig>("a cluster, for submit") +
         section<ReproductionConfig>("reproduce");
}

}  // namespace smooth
