// LongBench as it is published: data.zip, or a folder that it was unpacked into.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace smooth {

// A line of TASK.jsonl. `context` is the long text, the only part that a reader may divide; `input` what is asked about it, "" for some tasks.
struct LongBenchRecord {
  std::string id, input, context, language;
  std::vector<std::string> answers, classes;
  int64_t length = 0;  // words, as LongBench counts them
};

// The records of one task, in the file's order; with `e` of LongBench-E (TASK_e.jsonl). `from`: data.zip, or a folder with the files in it or
// in its folder `data`. Throws with file and line where a line is no record, an _id is there twice, or a record is of a language that no
// English task has; and naming the file where there is none.
std::vector<LongBenchRecord> read_longbench(const std::filesystem::path& from, const std::string& task, bool e);

}  // namespace smooth
