// The forms in which raw sets are distributed. Each reader goes through a stream in bounded memory and gives its records to an
// Intake; what is wrong with one row goes there too, and reading goes on behind it. Where it cannot go on (the file ends within a
// record, columns are missing) the reader throws BadRecord.
#pragma once

#include <filesystem>
#include <istream>
#include <string>
#include <vector>

#include "data/sources/records.h"

namespace smooth {

// One JSON object a line. Blank lines are no rows, but are counted. A last line without its newline that is no whole object says so.
void read_jsonl(std::istream& in, Intake& intake);

// A JSON array of objects, however big, or an object whose member `member` is one: {"Data": [...]}.
void read_json_array(std::istream& in, const std::string& member, Intake& intake);

// RFC 4180 with a header: fields may be quoted, and then hold commas, newlines and doubled quotes. Only `columns` are kept; one
// whose name ends in "?" may be missing.
void read_csv(std::istream& in, const std::vector<std::string>& columns, Intake& intake);

// Text lines as {"line": ...}. The byte 0xF0 where it begins no character becomes a blank: TREC's training file has one.
void read_lines(std::istream& in, Intake& intake);

// Parquet through Apache Arrow. Columns are dotted paths ("document.text"; list levels have no name), a "?" behind one as in csv. A
// record has the nested form of its row. Arrow is opened at the first call.
void read_parquet(const std::filesystem::path& file, const std::vector<std::string>& columns, Intake& intake);

// By the end of the file's name: .parquet, .jsonl, .json (an array, or `member` of an object), .csv, or lines (.label, .txt). All that
// is wrong with the file goes to the intake; throws only when it cannot be opened or its name ends otherwise.
void read_records(const std::filesystem::path& file, const std::vector<std::string>& columns, const std::string& member, Intake& intake);

}  // namespace smooth
