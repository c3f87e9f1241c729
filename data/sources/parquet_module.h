// What libsmooth_parquet.so (parquet_arrow.cpp) offers to parquet.cpp, which opens it when the first parquet file is read: programs
// that read none start without Apache Arrow, and are built without its headers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/sources/records.h"

namespace smooth {

// Gives each row, counted from 1, until that is false. Throws BadRecord for all that Arrow says.
using ParquetRow = std::function<bool(int64_t row, Record& record)>;
using ReadParquet = void (*)(const std::string& file, const std::vector<std::string>& columns, const ParquetRow& take);
inline constexpr const char* kReadParquet = "smooth_read_parquet";

}  // namespace smooth
