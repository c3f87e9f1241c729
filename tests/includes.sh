#!/usr/bin/env bash
# Holds the house in order: configs <- data <- model <- {trainer, eval}, no LibTorch below model/, torch/torch.h nowhere.
# Takes another root as its argument, so that tests/launcher.sh can see it fail.
set -euo pipefail
cd "${1:-.}"
failed=0

# refuse FOLDER PATTERN WHY: no file of the folder may include what the extended regular expression matches.
refuse() {
  local hits
  hits=$(grep -rnE --include='*.h' --include='*.cpp' --include='*.cu' "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" "$1" || true)
  if [ -n "$hits" ]; then
    printf '%s\n  %s\n' "$3:" "${hits//$'\n'/$'\n'  }"
    failed=1
  fi
}

refuse configs '(data|model|trainer|eval)/' 'configs/ includes upwards'
refuse data '(model|trainer|eval)/' 'data/ includes upwards'
refuse model '(trainer|eval)/' 'model/ includes upwards'
refuse trainer 'eval/' 'trainer/ includes its sibling'
refuse eval 'trainer/' 'eval/ includes its sibling'
for folder in configs data; do
  refuse "$folder" '(ATen|c10|torch|caffe2)/' "$folder/ includes LibTorch"
done
for folder in configs data model trainer eval tests; do
  refuse "$folder" 'torch/(torch|all)\.h' 'torch/torch.h costs 15 seconds a file'
done
for folder in configs data model trainer eval; do
  refuse "$folder" '\.\.?/' "$folder/ includes by a relative path instead of from the root"
done
exit $failed
