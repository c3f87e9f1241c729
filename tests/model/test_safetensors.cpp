// safetensors files: what is written comes back bit for bit, and no damaged or hostile file is read.
#include "model/files/safetensors.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "configs/run.h"
#include "tests/model/files.h"

using namespace smooth;

namespace {

// A file of this header and so many bytes of tensors.
std::string with_header(const std::string& json, size_t bytes) {
  const uint64_t length = json.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + json + std::string(bytes, '\1');
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

void check_refused(const std::string& content, const std::string& why) {
  const Scratch scratch;
  const std::string file = scratch.write("x.safetensors", content);
  CHECK_THROWS_WITH(Safetensors(file), Catch::StartsWith(file + ": ") && Catch::Contains(why));
}

}  // namespace

TEST_CASE("safetensors: every dtype is read as another library wrote it, and written back alike", "[cpu]") {
  const Safetensors golden("tests/golden/pickle/dtypes.safetensors");
  const at::Tensor values = at::tensor({0, 1, 2, 3, 5, 8}, at::kLong);
  REQUIRE(golden.names().size() == 15);
  std::vector<Parameter> all;
  for (const std::string& name : golden.names()) {
    INFO(name);
    const at::Tensor tensor = golden.get(name, {6});
    CHECK(at::equal(tensor.to(at::kDouble), values.to(tensor.scalar_type()).to(at::kDouble)));
    all.push_back({name, tensor});
  }
  const Scratch scratch;
  save_safetensors(scratch.path("again.safetensors"), all);
  const Safetensors again(scratch.path("again.safetensors"));
  for (const auto& [name, value] : all) CHECK(same_bits(again.get(name, {6}, value.scalar_type()), value));
}

TEST_CASE("safetensors: scalars, empty and strided tensors come back", "[cpu]") {
  const Scratch scratch;
  const at::Tensor matrix = at::rand({3, 5});
  save_safetensors(scratch.path("x"), {{"flag", at::ones({3}, at::kBool)}, {"scalar", at::scalar_tensor(2.5)}, {"empty", at::empty({0, 7})},
                                       {"turned", matrix.t()}, {"long", at::arange(3)}});
  const Safetensors read(scratch.path("x"));
  CHECK(read.get("scalar", {}).item<float>() == 2.5);
  CHECK(read.shape("empty") == std::vector<int64_t>{0, 7});
  CHECK(same_bits(read.get("turned"), matrix.t().contiguous()));
  for (const std::string& name : read.names()) {  // bools go last, so all others are views
    CHECK(reinterpret_cast<uintptr_t>(read.get(name).const_data_ptr()) % read.get(name).element_size() == 0);
  }
  CHECK_THROWS_WITH(read.get("scalar", {1}), Catch::Contains("scalar has shape [], expected [1]"));
  CHECK_THROWS_WITH(read.get("long", {3}, at::kInt), Catch::Contains("long is Long, expected Int"));
  CHECK_THROWS_WITH(read.get("other"), Catch::Contains("holds no tensor other"));
}

TEST_CASE("safetensors: a view may be written to, which the file never sees", "[cpu]") {
  const Scratch scratch;
  save_safetensors(scratch.path("x"), {{"a", at::zeros({4})}});
  at::Tensor view;
  {
    const Safetensors read(scratch.path("x"));
    view = read.get("a");
    CHECK(view.const_data_ptr() == read.get("a").const_data_ptr());
  }
  view.add_(1);  // the mapping outlives its file object
  CHECK(view.sum().item<float>() == 4);
  CHECK(Safetensors(scratch.path("x")).get("a").sum().item<float>() == 0);
}

TEST_CASE("safetensors: a tensor at an odd place is copied", "[cpu]") {
  const Scratch scratch;
  const float value = 1.5;
  std::string content = with_header("{\"a\":" + entry("U8", "[1]", "[0,1]") + ",\"b\":" + entry("F32", "[1]", "[1,5]") + "}", 1);
  content += std::string(reinterpret_cast<const char*>(&value), 4);
  const Safetensors read(scratch.write("x", content));
  CHECK(read.get("b").item<float>() == 1.5);
}

TEST_CASE("safetensors: every truncation is refused", "[cpu]") {
  const Scratch scratch;
  save_safetensors(scratch.path("x"), {{"a", at::rand({3})}, {"b", at::rand({2, 2})}});
  const std::string whole = read_file(scratch.path("x"));
  size_t refused = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string file = scratch.write("cut", whole.substr(0, size));
    CHECK_THROWS_WITH(Safetensors(file), Catch::StartsWith(file));
    ++refused;
  }
  CHECK(refused == whole.size());
  CHECK_THROWS_WITH(Safetensors(scratch.write("long", whole + '\0')), Catch::Contains("appended"));
  CHECK_THROWS_WITH(Safetensors(scratch.path("nowhere")), Catch::Contains("cannot be opened: No such file"));
  CHECK_THROWS_WITH(Safetensors(scratch.path("")), Catch::Contains("is not a file"));
}

TEST_CASE("safetensors: hostile headers are refused with tensor and reason", "[cpu]") {
  const auto one = [](const std::string& item) { return "{\"a\":" + item + "}"; };
  check_refused(with_header(one(entry("F32", "[2]", "[0,4]")), 4), "tensor a: shape [2] of F32 takes 8 bytes, its data_offsets are [0, 4)");
  check_refused(with_header(one(entry("F32", "[1]", "[4,0]")), 4), "its data_offsets are [4, 0)");
  check_refused(with_header(one(entry("F32", "[1]", "[-4,0]")), 4), "data_offsets holds -4");
  check_refused(with_header(one(entry("F32", "[1]", "[0.0,4]")), 4), "data_offsets holds 0.0");
  check_refused(with_header(one(entry("F32", "[1]", "[0,4,8]")), 4), "data_offsets has 3 numbers");
  check_refused(with_header(one(entry("F32", "[1]", "[0,18446744073709551615]")), 4), "data_offsets holds 18446744073709551615");
  check_refused(with_header(one(entry("F32", "[1]", "[4,8]")), 8), "[4, 8) leaves a gap");
  check_refused(with_header(one(entry("F32", "[2]", "[0,8]")), 4), "of 4 bytes of tensors (file cut off?)");
  check_refused(with_header(one(entry("F32", "[4611686018427387904]", "[0,0]")), 0), "larger than any file");
  check_refused(with_header(one(entry("F32", "[0,4611686018427387904,4]", "[0,0]")), 0), "larger than any file");
  check_refused(with_header(one(entry("F32", "[-1]", "[0,4]")), 4), "shape holds -1");
  check_refused(with_header(one(entry("F32", "3", "[0,4]")), 4), "shape is no list");
  check_refused(with_header(one(entry("Q4", "[1]", "[0,4]")), 4), "dtype \"Q4\" is not one");
  check_refused(with_header(one("3"), 4), "tensor a: is no JSON object");
  check_refused(with_header(one(R"({"dtype":"F32","shape":[1]})"), 4), "expected dtype, shape and data_offsets");
  check_refused(with_header(one(R"({"dtype":"F32","shape":[1],"offsets":[0,4]})"), 4), "unknown key offsets");
  const std::string first = entry("F32", "[1]", "[0,4]");
  check_refused(with_header("{\"a\":" + first + ",\"a\":" + first + "}", 4), "\"a\" stands twice");
  check_refused(with_header("{\"a\":" + first + ",\"b\":" + entry("F32", "[1]", "[2,6]") + "}", 6), "tensor b: [2, 6) overlaps the tensor before it");
  check_refused(with_header("{\"a\":" + first + ",\"b\":" + first + "}", 4), "overlaps");
  check_refused(with_header("{\"\xff\":" + first + "}", 4), "ill-formed UTF-8");
  check_refused(with_header("[]", 0), "no JSON object");
  check_refused(with_header("{\"__metadata__\":{\"a\":1}}", 0), "__metadata__.a is no string");
  check_refused(with_header("{\"__metadata__\":" + std::string(1'000'000, '['), 0), "nested deeper than 3");
  check_refused(with_header(std::string(1'000'000, '{'), 0), "its header: ");
}

TEST_CASE("safetensors: a header's length beyond the file or 100 MB is refused", "[cpu]") {
  for (const uint64_t length : {uint64_t{100}, uint64_t{100'000'001}, UINT64_MAX, UINT64_MAX - 7}) {
    check_refused(std::string(reinterpret_cast<const char*>(&length), 8) + "{}", "its header should have " + std::to_string(length));
  }
}

TEST_CASE("safetensors: a flipped bit in the header is refused or harmless", "[cpu]") {
  const Scratch scratch;
  save_safetensors(scratch.path("x"), {{"a", at::ones({3})}, {"b", at::ones({2, 2}, at::kBool)}});
  const std::string whole = read_file(scratch.path("x"));
  size_t refused = 0, read = 0;
  for (size_t bit = 0; bit < 8 * (whole.size() - 16); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const std::string file = scratch.write("flipped", flipped);
    try {
      const Safetensors tensors(file);  // another name, or another dtype of the same width
      for (const std::string& name : tensors.names()) tensors.get(name).clone();
      ++read;
    } catch (const std::runtime_error& error) {
      refused += std::string(error.what()).starts_with(file) ? 1 : 0;
    }
  }
  CHECK(refused + read == 8 * (whole.size() - 16));
  CHECK(refused > 4 * read);
}

TEST_CASE("safetensors: a bool that is neither 0 nor 1 is refused", "[cpu]") {
  const Scratch scratch;
  const std::string file = scratch.write("x", with_header("{\"a\":" + entry("BOOL", "[2]", "[0,2]") + "}", 1) + "\x07");
  CHECK_THROWS_WITH(Safetensors(file).get("a"), Catch::Contains("tensor a: a bool is 7"));
}

TEST_CASE("safetensors: two tensors of one name are not saved", "[cpu]") {
  const Scratch scratch;
  CHECK_THROWS_WITH(save_safetensors(scratch.path("x"), {{"a", at::ones({1})}, {"a", at::ones({1})}}), Catch::Contains("saved as a"));
  CHECK_THROWS_WITH(save_safetensors(scratch.path("x"), {{"a", at::ones({1}, at::kComplexDouble)}}), Catch::Contains("cannot hold"));
  CHECK_FALSE(std::filesystem::exists(scratch.path("x")));
}
