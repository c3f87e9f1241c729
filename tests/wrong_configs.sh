#!/usr/bin/env bash
# shellcheck disable=SC2016
# A config that is wrong stops each program with status 2 and the place, the reason and the nearest valid key, before anything is
# written. Each case below is one slip in a config that is otherwise right.
set -euo pipefail
root=$(pwd)
programs=$(cd "${SMOOTH_BUILD:?names the folder of the programs}" && pwd)
for program in smooth-data smooth-train smooth-eval; do
  [ -x "$programs/$program" ] || { echo "SKIPPED: $program is not built" && exit; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cases=0

# The programs by their verbs; all write to `out`.
data() { "$programs/smooth-data" build "$@"; }
train() { "$programs/smooth-train" "$@"; }
evaluate() { "$programs/smooth-eval" eval "$@"; }
longbench() { evaluate "$@"; }

mkdir tokenizer model raw config
touch set.jsonl
cat >data.yaml <<'END'
out: out
rows:
  - row: niah-a
    samples: 4
    min_tokens: 256
    max_tokens: 512
    min_chunk: 64
    max_chunk: 128
    niah: {keys: 2, queries: 1}
END
cat >train.yaml <<'END'
run: out
model: {hidden_size: 32, num_attention_heads: 2}
sliding_window: 64
data: {files: [set.jsonl], tokenizer: tokenizer}
optim:
  lr: 0.001
  warmup_steps: 2
steps: 4
END
cat >evaluate.yaml <<'END'
out: out
lengths: [256, 512]
samples: 4
models:
  - name: one
    checkpoint: model
    reading: {mode: sr, chunk: 64}
  - name: two
    checkpoint: model
    sliding_window: 64
    reading: {mode: os}
END
cat >longbench.yaml <<'END'
out: out
benchmark: longbench
longbench:
  path: raw
  prompts: official
  config: config
  max_length: 3500
models:
  - name: one
    checkpoint: model
    reading: {mode: os}
END

fail() {
  printf 'FAILED: %s\n' "$@"
  exit 1
}

# refused COMMAND ARGUMENTS... -- PLACE PATTERN: stops with status 2, on standard error a message that begins with the place and goes on
# with what matches the extended regular expression, and no file or folder is new or changed.
refused() {
  local command=() status=0 before output
  while [ "$1" != -- ]; do command+=("$1") && shift; done
  before=$(ls -lR --time-style=full-iso)
  output=$("${command[@]}" 2>&1 >/dev/null </dev/null) || status=$?
  [ "$status" = 2 ] || fail "${command[*]}: status $status instead of 2" "$output"
  [[ ! -e out && $before == "$(ls -lR --time-style=full-iso)" ]] || fail "${command[*]}: something was written" "$(ls -R)"
  [[ $output == "smooth: $2: "* ]] || fail "${command[*]}: the message does not begin with $2" "$output"
  grep -qE -- "$3" <<<"${output#"smooth: $2: "}" || fail "${command[*]}: the message does not match /$3/" "$output"
  cases=$((cases + 1))
}

# slip COMMAND SED PLACE PATTERN: the command's config, edited, is refused.
slip() {
  sed -E "$2" "$1.yaml" >wrong.yaml
  cmp -s "$1.yaml" wrong.yaml && fail "the slip '$2' changes nothing in $1.yaml"
  refused "$1" wrong.yaml -- "$3" "$4"
}

# An unknown key, and what was meant; a right key in the wrong place.
slip data 's/samples:/sampels:/' wrong.yaml:4:5 'rows\.0\.sampels: no such key; did you mean rows\.0\.samples\?'
slip data 's/queries:/querys:/' wrong.yaml:9:21 'rows\.0\.niah\.querys: .*did you mean rows\.0\.niah\.queries\?'
slip train 's/warmup_steps/warm_up_steps/' wrong.yaml:7:3 'optim\.warm_up_steps: .*did you mean optim\.warmup_steps\?'
slip train '1a lr: 1' wrong.yaml:2:1 '^lr: .*did you mean optim\.lr\?'
slip evaluate 's/early_stop|chunk:/chunks:/' wrong.yaml:7:25 'models\.0\.reading\.chunks: .*did you mean models\.0\.reading\.chunk\?'
slip evaluate 's/^lengths/length/' wrong.yaml:2:1 '^length: .*did you mean lengths\?'

# A wrong type.
slip data 's/samples: 4/samples: four/' wrong.yaml:4:14 'rows\.0\.samples: expected a whole number, got `four`'
slip data 's/samples: 4/samples: 4.5/' wrong.yaml:4:14 'expected a whole number'
slip train 's/lr: 0.001/lr: [0.001]/' wrong.yaml:6:7 'optim\.lr: expected a number, got a list'
slip train 's/files: \[set.jsonl\]/files: set.jsonl/' wrong.yaml:4:15 'data\.files: expected a list'
slip evaluate 's/samples: 4/samples: "4"/' wrong.yaml:3:10 'samples: expected a whole number, got the text "4"'
slip evaluate 's/chunk: 64/early_stop: yes/' wrong.yaml:7:37 'early_stop: expected true or false, got `yes`'

# Out of range, and not among the choices.
slip data 's/samples: 4/samples: 0/' wrong.yaml:4:14 'rows\.0\.samples: .*from 1 to'
slip data 's/niah-a/niah-c/' wrong.yaml:3:10 'expected one of niah-a, niah-b, passage-count, hotpotqa, .*; got `niah-c`; did you mean niah-a\?'
slip data 's/niah-a/qmsum/' wrong.yaml:3:5 'rows\.0\.source: qmsum is made of a raw set; say where'
slip data 's/niah-a/qmsum\n    source: {path: x}/' wrong.yaml:1:1 'teacher: row qmsum is written by a language model; say which'
slip data 's/niah-a/passage-count\n    source: {path: x}/' wrong.yaml:1:1 'tokenizer\.path: row passage-count needs a tokenizer that is there'
slip data 's/niah-a/niah-a\n    source: {path: x}/' wrong.yaml:4:5 'rows\.0\.source: niah-a hides needles'
slip data 's/niah-a/niah-a\n    tiny: {kin: true}/' wrong.yaml:4:5 'rows\.0\.tiny: niah-a hides needles'
slip data 's/niah-a/qmsum\n    source: {path: x}\n    tiny: {kin: true}/' wrong.yaml:4:5 'rows\.0\.source: a tiny row is made without a raw set'
slip data 's/niah-a/qmsum\n    tiny: {split: dev}/' wrong.yaml:4:19 'rows\.0\.tiny\.split: expected one of train, test, all'
slip data 's/niah-a/qmsum\n    tiny: {drill: 3}/' wrong.yaml:3:5 'rows\.0\.forms: a drill is read in one step'
slip data 's/queries: 1/queries: 1, haystack: passages/' wrong.yaml:9:11 "rows\.0\.niah\.passages: haystack: passages needs HotpotQA's training split"
slip data 's/queries: 1/queries: 3/' wrong.yaml:9:21 'rows\.0\.niah\.queries: more keys are asked for than hidden'
slip data 's/min_tokens: 256/min_tokens: 513/' wrong.yaml:5:5 'is larger than max_tokens'
slip data 's/min_chunk: 64/forms: [os, os]/' wrong.yaml:7:5 'rows\.0\.forms: os is given twice'
slip train 's/lr: 0.001/lr: 0/' wrong.yaml:6:7 'optim\.lr: .*above 0'
slip train 's/lr: 0.001/lr: .inf/' wrong.yaml:6:7 'optim\.lr: expected a'
slip train 's/num_attention_heads: 2/num_attention_heads: 3/' wrong.yaml:2:26 'does not divide hidden_size'
slip train '$a device: gpu' wrong.yaml:9:9 'device: expected one of cpu, cuda'
slip evaluate 's/samples: 4/samples: -1/' wrong.yaml:3:10 'samples: .*from 1 to'
slip evaluate 's/mode: sr/mode: rs/' wrong.yaml:7:21 'mode: expected one of os, ur, sr'
slip evaluate 's/256, 512/256, 256/' wrong.yaml:2:1 'lengths: 256 is given twice'
slip evaluate 's/name: two/name: One/' wrong.yaml:8:5 'models\.1\.name: .*one'

# A window of nothing.
slip train 's/sliding_window: 64/sliding_window: 0/' wrong.yaml:3:17 'sliding_window: .*at least 1'
slip evaluate 's/sliding_window: 64/sliding_window: 0/' wrong.yaml:10:21 'models\.1\.sliding_window: .*at least 1'

# A chunk that is larger than the context; one-step reading has no chunks.
slip data 's/max_chunk: 128/max_chunk: 513/' wrong.yaml:8:5 'rows\.0\.max_chunk: is larger than max_tokens.*513'
slip data 's/ *max_chunk: 128//' wrong.yaml:3:5 'rows\.0\.max_chunk: is larger than max_tokens'
slip evaluate 's/chunk: 64/chunk: 257/' wrong.yaml:7:25 'models\.0\.reading\.chunk: is larger than the shortest context length of this model, 256.*257'
slip evaluate 's/chunk: 64\}/chunk: 64}\n    lengths: [512, 32]/' wrong.yaml:7:25 'this model, 32'
slip evaluate 's/, chunk: 64//' wrong.yaml:7:5 'models\.0\.reading\.chunk: is larger'
refused evaluate evaluate.yaml --set models.0.reading.chunk=300 -- '--set models.0.reading.chunk=300' 'models\.0\.reading\.chunk: is larger'

# A file that is not there.
slip data '1a tokenizer: {path: nowhere}' wrong.yaml:2:19 'tokenizer\.path: no such file or folder: nowhere'
slip train 's/set.jsonl/sat.jsonl/' wrong.yaml:4:16 'data\.files\.0: no such file or folder: sat\.jsonl'
slip train 's/^model:.*/init: nowhere/' wrong.yaml:2:7 'init: no such file or folder: nowhere'
slip evaluate 's/checkpoint: model/checkpoint: nowhere/' wrong.yaml:6:17 'models\.0\.checkpoint: no such file or folder: nowhere'
slip evaluate '1a include: nowhere.yaml' wrong.yaml:2:10 'include: no such file: nowhere\.yaml'
for command in data train evaluate; do
  refused $command nowhere.yaml -- nowhere.yaml 'no such file in '
  refused $command model -- model 'is a folder'
done

# Both a new model and a checkpoint, neither, and what has no default.
slip train '1a init: model' wrong.yaml:3:1 "model: the architecture comes from init's checkpoint"
slip train '/^model/d' wrong.yaml:1:1 'model: give the architecture of a new model, or init'
slip data '/^out/d' wrong.yaml:1:1 'out: missing'
slip train '/^run/d' wrong.yaml:1:1 'run: missing'
slip evaluate 's/^samples: 4/benchmark: longbench/' wrong.yaml:1:1 'longbench: is missing; say where'
slip evaluate '/^lengths/d' wrong.yaml:1:1 'lengths: is missing'

# LongBench's own prompts: what they need, and what they leave no choice in.
slip longbench '/  config: /d' wrong.yaml:4:3 'longbench\.config: is missing; prompts: official takes templates'
slip longbench 's/config: config/config: nowhere/' wrong.yaml:6:11 'longbench\.config: no such file or folder: nowhere'
slip longbench '/max_length/d' wrong.yaml:4:3 'longbench\.max_length: is missing'
slip longbench 's/3500/1/' wrong.yaml:7:15 'longbench\.max_length: .*at least 2'
slip longbench 's/official/theirs/' wrong.yaml:5:12 'longbench\.prompts: expected one of project, official'
slip longbench 's/official/project/' wrong.yaml:6:3 'longbench\.config: belongs to prompts: official'
slip longbench 's/official/project/; /  config: /d' wrong.yaml:6:3 'longbench\.max_length: belongs to prompts: official'
slip longbench 's/mode: os/mode: sr/' wrong.yaml:11:15 'models\.0\.reading\.mode: longbench\.prompts: official is one-step reading, mode: os \(got `sr`\)'
slip longbench 's/mode: os/mode: ur/' wrong.yaml:11:15 'models\.0\.reading\.mode: '
slip longbench 's/mode: os/chunk: 64/' wrong.yaml:11:5 'models\.0\.reading\.mode: '
slip longbench 's/mode: os/mode: os, max_answer_tokens: 64/' wrong.yaml:11:25 'models\.0\.reading\.max_answer_tokens: .*dataset2maxlen\.json'
slip longbench '$a sampling: {temperature: 1}' wrong.yaml:12:12 'sampling\.temperature: longbench\.prompts: official is greedy'

# A key that is given twice, what is no YAML, files that include each other.
slip data '$a out: other' wrong.yaml:10:1 'out: given twice, first at wrong\.yaml:1:1'
slip train 's/lr: 0.001/lr: 0.001\n  lr: 0.1/' wrong.yaml:7:3 'optim\.lr: given twice, first at wrong\.yaml:6:3'
slip evaluate 's/chunk: 64/mode: ur/' wrong.yaml:7:25 'models\.0\.reading\.mode: given twice'
slip train 's/tokenizer\}/tokenizer/' wrong.yaml:5:6 'not valid YAML'
echo 'include: wrong.yaml' >circle.yaml
for command in data train evaluate; do
  slip $command '1a include: circle.yaml' circle.yaml:1:10 'include: files include each other in a circle: wrong\.yaml -> circle\.yaml -> wrong\.yaml'
done
echo 'include: self.yaml' >self.yaml
refused train self.yaml -- self.yaml:1:10 'in a circle: self\.yaml -> self\.yaml'
# The place is that of the file that said it.
echo 'sampels: 3' >below.yaml
slip evaluate '1a include: below.yaml' below.yaml:1:1 'sampels: no such key; did you mean samples\?'

# --set.
for command in data train evaluate; do
  refused $command $command.yaml --set seed -- '--set seed' 'expected KEY=VALUE'
  refused $command $command.yaml --set seeed=1 -- '--set seeed=1' 'seeed: no such key; did you mean seed\?'
  refused $command $command.yaml --set seed=one -- '--set seed=one' 'seed: expected a whole number'
  refused $command $command.yaml --set seed=-1 -- '--set seed=-1' 'seed: .*at least 0'
  refused $command $command.yaml --set 'seed=[' -- '--set seed=[' 'seed: not valid YAML'
done
refused train train.yaml --set optim.lrr=1 -- '--set optim.lrr=1' 'optim\.lrr: no such key; did you mean optim\.lr\?'
refused data data.yaml --set rows.1.samples=1 -- '--set rows.1.samples=1' 'rows: is a list: expected an item from 0 to 0, got `1`'
refused evaluate evaluate.yaml --set sliding_window=8 -- '--set sliding_window=8' 'sliding_window: no such key'

# And what is right is not refused: the configs above, and those of quickstart. A folder that another process holds stops a program after
# it has read its config and before it does anything else.
accepted() { # COMMAND CONFIG FOLDER
  local status=0 output
  mkdir -p "$3"
  output=$(exec 9>"$3/.lock" && flock 9 && "$1" "$2" 2>&1 9>&-) || status=$?
  [[ $status == 1 && $output == *"$3 is in use by"* ]] || fail "$1 $2: status $status, $output"
}
for command in data train evaluate longbench; do
  accepted $command $command.yaml out
done
grep -oh 'runs/quickstart/[^], }]*' "$root"/configs/quickstart/*.yaml | sort -u | while read -r path; do
  mkdir -p "$(dirname "$path")"
  case $path in *.jsonl) touch "$path" ;; *) mkdir -p "$path" ;; esac
done
accepted data "$root/configs/quickstart/data.yaml" runs/quickstart/data
accepted evaluate "$root/configs/quickstart/eval.yaml" runs/quickstart/eval
for name in pretrain dense-os dense-ur swa-os swa-sr; do
  accepted train "$root/configs/quickstart/$name.yaml" runs/quickstart/$name
done
echo "$cases wrong configs were refused"
