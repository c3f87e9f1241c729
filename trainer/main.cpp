// smooth-train CONFIG.yaml: one training run.
#include <CLI/CLI.hpp>
#include <iostream>

#include "configs/load.h"
#include "configs/run.h"
#include "trainer/trainer.h"

int main(int argc, char** argv) {
  CLI::App app("Trains a model as CONFIG.yaml says; run again, it resumes. configs/reference.md lists every key.", "./smooth train");
  std::string file;
  std::vector<std::string> overrides;
  bool replace = false;
  app.add_option("CONFIG", file, "the run's YAML")->required();
  app.add_option("--set", overrides, "key=value over the file's, e.g. optim.lr=1e-4")->allow_extra_args(false);
  app.add_flag("--replace", replace, "begin anew where the run folder holds a run of another config or of other data");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return smooth::run_main([&] {
    const auto config = smooth::load_config<smooth::TrainConfig>(file, overrides);
    if (replace) smooth::remove_other_run(config);
    if (smooth::is_complete(config)) {
      std::cerr << "smooth: " << config.run << ": trained already\n";
    } else {
      smooth::Trainer(config).train();
    }
    return 0;
  });
}
