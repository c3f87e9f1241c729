// libsmooth_parquet.so: parquet files through Apache Arrow, the only file that includes its headers. Column chunks are read in pieces
// and rows come in batches whose size follows what the rows before them took, so that memory does not grow with the file.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <algorithm>

#include "data/sources/columns.h"
#include "data/sources/parquet_module.h"

namespace smooth {
namespace {

constexpr int64_t kBatchBytes = 8 << 20, kMostRows = 1024, kFirstRows = 16;

void must(const arrow::Status& status) {
  if (!status.ok()) throw BadRecord("Arrow: " + status.message());
}

template <class T>
T must(arrow::Result<T> result) {
  must(result.status());
  return std::move(result).ValueUnsafe();
}

// The leaves of a file under their dotted paths. A list's element has its list's name.
struct Leaf {
  std::string path;
  int column;
};

void find_leaves(const parquet::arrow::SchemaField& field, const std::string& path, std::vector<Leaf>& leaves) {
  if (field.is_leaf()) leaves.push_back({path, field.column_index});
  const bool is_struct = field.field->type()->id() == arrow::Type::STRUCT;
  for (const parquet::arrow::SchemaField& child : field.children) {
    find_leaves(child, is_struct ? path + "." + child.field->name() : path, leaves);
  }
}

std::vector<int> find_columns(const parquet::arrow::FileReader& reader, const std::vector<std::string>& wanted) {
  std::vector<Leaf> leaves;
  for (const parquet::arrow::SchemaField& field : reader.manifest().schema_fields) find_leaves(field, field.field->name(), leaves);
  std::vector<std::string> there;
  for (const Leaf& leaf : leaves) there.push_back(leaf.path);
  check_columns(wanted, there);
  std::vector<int> columns;
  for (const Leaf& leaf : leaves) {
    if (is_wanted(wanted, leaf.path)) columns.push_back(leaf.column);
  }
  return columns;
}

Record value_of(const arrow::Array& array, int64_t i);

template <class List>
Record list_of(const arrow::Array& array, int64_t i) {
  const auto& list = static_cast<const List&>(array);
  Record items = Record::array();
  for (int64_t at = list.value_offset(i); at < list.value_offset(i) + list.value_length(i); ++at) items.push_back(value_of(*list.values(), at));
  return items;
}

Record struct_of(const arrow::Array& array, int64_t i) {
  const auto& fields = static_cast<const arrow::StructArray&>(array);
  Record object = Record::object();
  for (int f = 0; f < fields.num_fields(); ++f) object[array.type()->field(f)->name()] = value_of(*fields.field(f), i);
  return object;
}

template <class Values>
Record plain(const arrow::Array& array, int64_t i) {
  return static_cast<const Values&>(array).Value(i);
}

template <class Values>
Record text(const arrow::Array& array, int64_t i) {
  return std::string(static_cast<const Values&>(array).GetView(i));
}

Record value_of(const arrow::Array& array, int64_t i) {
  if (array.IsNull(i)) return nullptr;
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: return text<arrow::BinaryArray>(array, i);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY: return text<arrow::LargeBinaryArray>(array, i);
    case arrow::Type::INT8: return plain<arrow::Int8Array>(array, i);
    case arrow::Type::INT16: return plain<arrow::Int16Array>(array, i);
    case arrow::Type::INT32: return plain<arrow::Int32Array>(array, i);
    case arrow::Type::INT64: return plain<arrow::Int64Array>(array, i);
    case arrow::Type::BOOL: return plain<arrow::BooleanArray>(array, i);
    case arrow::Type::DOUBLE: return plain<arrow::DoubleArray>(array, i);
    case arrow::Type::LIST: return list_of<arrow::ListArray>(array, i);
    case arrow::Type::LARGE_LIST: return list_of<arrow::LargeListArray>(array, i);
    case arrow::Type::STRUCT: return struct_of(array, i);
    default: throw BadRecord("columns of Arrow's type " + array.type()->ToString() + " are not read");
  }
}

int64_t bytes_of(const arrow::ArrayData& data) {
  int64_t bytes = 0;
  for (const auto& buffer : data.buffers) bytes += buffer ? buffer->size() : 0;
  for (const auto& child : data.child_data) bytes += bytes_of(*child);
  return bytes;
}

std::unique_ptr<parquet::arrow::FileReader> open(const std::string& file) {
  parquet::ReaderProperties pieces = parquet::default_reader_properties();
  pieces.enable_buffered_stream();
  pieces.set_buffer_size(1 << 20);
  parquet::ArrowReaderProperties rows = parquet::default_arrow_reader_properties();
  rows.set_pre_buffer(false);
  rows.set_use_threads(false);
  rows.set_batch_size(kFirstRows);
  parquet::arrow::FileReaderBuilder builder;
  must(builder.OpenFile(file, false, pieces));
  return must(builder.properties(rows)->Build());
}

void read(const std::string& file, const std::vector<std::string>& wanted, const ParquetRow& take) {
  const std::unique_ptr<parquet::arrow::FileReader> reader = open(file);
  const std::vector<int> columns = find_columns(*reader, wanted);
  int64_t row = 0, largest = 0;
  for (int group = 0; group < reader->num_row_groups(); ++group) {
    if (largest > 0) reader->set_batch_size(std::clamp<int64_t>(kBatchBytes / largest, 1, kMostRows));
    const auto batches = must(reader->GetRecordBatchReader({group}, columns));
    for (;;) {
      const std::shared_ptr<arrow::RecordBatch> batch = must(batches->Next());
      if (!batch) break;
      int64_t bytes = 0;
      for (const auto& data : batch->column_data()) bytes += bytes_of(*data);
      largest = std::max(largest, bytes / std::max<int64_t>(1, batch->num_rows()) + 1);
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        Record record = Record::object();
        for (int c = 0; c < batch->num_columns(); ++c) record[batch->column_name(c)] = value_of(*batch->column(c), i);
        if (!take(++row, record)) return;
      }
    }
  }
}

}  // namespace
}  // namespace smooth

// NOLINTNEXTLINE(readability-identifier-naming): found by this name
extern "C" void smooth_read_parquet(const std::string& file, const std::vector<std::string>& columns, const smooth::ParquetRow& take) {
  try {
    smooth::read(file, columns, take);
  } catch (const parquet::ParquetException& error) {
    throw smooth::BadRecord(std::string("Arrow: ") + error.what());
  }
}
