#include "configs/load.h"

#include "configs/document.h"
#include "configs/dump.h"
#include "configs/read.h"
#include "configs/reproduce_config.h"

namespace smooth {

template <class Config>
Config load_config(const std::string& file, const std::vector<std::string>& overrides, Paths paths) {
  Item root = read_document(file);
  for (const std::string& text : overrides) apply_override(root, text);
  return read_config<Config>(root, paths);
}

template <class Config>
std::string dump_config(const Config& config, bool comments) {
  Config copy = config;  // `visit` is written once, for values that may be changed
  Dumper dumper(comments);
  copy.visit(dumper);
  return dumper.text;
}

template TeacherConfig load_config(const std::string&, const std::vector<std::string>&, Paths);
template DataConfig load_config(const std::string&, const std::vector<std::string>&, Paths);
template TrainConfig load_config(const std::string&, const std::vector<std::string>&, Paths);
template EvalConfig load_config(const std::string&, const std::vector<std::string>&, Paths);
template BenchConfig load_config(const std::string&, const std::vector<std::string>&, Paths);
template ClusterConfig load_config(const std::string&, const std::vector<std::string>&, Paths);
template ReproductionConfig load_config(const std::string&, const std::vector<std::string>&, Paths);
template std::string dump_config(const TeacherConfig&, bool);
template std::string dump_config(const DataConfig&, bool);
template std::string dump_config(const TrainConfig&, bool);
template std::string dump_config(const EvalConfig&, bool);
template std::string dump_config(const BenchConfig&, bool);
template std::string dump_config(const ClusterConfig&, bool);
template std::string dump_config(const ReproductionConfig&, bool);

}  // namespace smooth
