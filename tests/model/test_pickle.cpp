// torch.save's files: every form of a state dict is read, and nothing in them is ever run.
#include "model/files/pickle.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <map>

#include "model/files/torch_file.h"
#include "model/files/weights.h"
#include "tests/model/files.h"
#include "tests/model/support.h"

using namespace smooth;
using Catch::Contains;

namespace {

const std::string kGolden = "tests/golden/pickle/";

void check_same(const std::string& file, const std::string& reference) {
  INFO(file);
  const Weights read(kGolden + file);
  const Safetensors expected(kGolden + reference);
  CHECK(read.names() == expected.names());
  for (const std::string& name : expected.names()) {
    INFO(name);
    CHECK(same_bits(read.get(name), expected.get(name)));
  }
}

void check_refused(const std::string& pickle, const std::string& why) {
  CHECK_THROWS_WITH(read_pickle(pickle, 100, "x.pth"), Catch::StartsWith("x.pth: byte ") && Contains(why));
}

// A literal that may hold zeros.
template <size_t n>
std::string raw(const char (&text)[n]) {
  return {text, n - 1};
}

}  // namespace

TEST_CASE("pickle: dict, protocols 2, 4 and 5, zip64, and the format before torch 1.6", "[cpu]") {
  for (const char* file : {"dict.pth", "protocol4.pth", "protocol5.pth", "zip64.pth", "legacy.pth"}) check_same(file, "expected.safetensors");
}

TEST_CASE("pickle: every dtype", "[cpu]") {
  check_same("dtypes.pth", "dtypes.safetensors");
  const Weights old(kGolden + "dtypes_legacy.pth");
  const Safetensors expected(kGolden + "dtypes.safetensors");
  CHECK(old.names().size() == 10);
  for (const std::string& name : old.names()) CHECK(same_bits(old.get(name), expected.get(name)));
}

TEST_CASE("pickle: state_dict() with _metadata, Parameters, tensors with attributes", "[cpu]") {
  for (const char* file : {"module.pth", "module_legacy.pth", "parameters.pth", "parameters_with_state.pth"}) check_same(file, "module.safetensors");
  CHECK(at::equal(Weights(kGolden + "from_type.pth").get("labelled"), at::ones({2})));
}

TEST_CASE("pickle: a state dict beside other things is found and named, two are refused", "[cpu]") {
  check_same("nested.pth", "module.safetensors");
  CHECK(Weights(kGolden + "nested.pth").part() == "state_dict");
  CHECK(Weights(kGolden + "module.pth").part().empty());
  CHECK_THROWS_WITH(Weights(kGolden + "two.pth"), Contains("two state dicts, under 'state_dict' and 'model'"));
  CHECK_THROWS_WITH(Weights(kGolden + "none.pth"), Contains("its entry 'epoch' is a int"));
}

TEST_CASE("pickle: views keep their strides and share their storage", "[cpu]") {
  const Weights read(kGolden + "dict.pth");
  CHECK(read.get("transposed").strides() == at::IntArrayRef({1, 6}));
  const Weights again(kGolden + "dict.pth");
  again.get("window").fill_(-1);  // [1:3, 2:5] of what `shared` begins at element 7 of
  CHECK(again.get("shared")[2].item<float>() == -1);
  CHECK(read.get("shared")[2].item<float>() == 9);  // another mapping of the same file
}

TEST_CASE("pickle: what would run code is refused by name and place, and does not run", "[cpu]") {
  const std::string proof = "/tmp/smooth-was-here";
  std::filesystem::remove(proof);
  CHECK_THROWS_WITH(Weights(kGolden + "evil.pth"), Contains("byte ") && Contains("posix.system"));
  CHECK_THROWS_WITH(Weights(kGolden + "whole_module.pth"), Contains("__main__.Small"));
  CHECK_FALSE(std::filesystem::exists(proof));
  check_refused(raw("\x80\x02" "cos\nsystem\n(X\x02\0\0\0lstR."), "byte 102 of its pickle: it names os.system");
  check_refused(raw("\x80\x04\x8c\x02os\x8c\x06system\x93."), "it names os.system");
  check_refused(raw("(X\x02\0\0\0lsios\nsystem\n."), "would make an object of os.system");
  check_refused(raw("(cos\nsystem\no."), "it names os.system");
  check_refused(raw("ccollections\nOrderedDict\n)\x81."), "would make an object of collections.OrderedDict");
  check_refused(raw("(ccollections\nOrderedDict\no."), "would make an object of collections.OrderedDict");
  check_refused(raw("ctorch\nFloatStorage\n)R."), "it calls torch.FloatStorage, which a state dict only names");
  check_refused(raw("K\x01)R."), "it calls a int");
  check_refused(raw("K\x01}b."), "it adds to a int as if it were a dict");
  check_refused(raw("\x82\x01."), "copyreg");
  check_refused(raw("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._tensor\n_rebuild_from_type_v2\nctorch\nTensor\n)}tR."), "calls itself");
}

TEST_CASE("pickle: wrong tensors are refused", "[cpu]") {
  const std::string storage = raw("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" "0X\x03\0\0\0cpuK\x04tQ");
  const auto tensor = [&](const std::string& offset_shape_strides) {
    return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset_shape_strides + "\x89}tR.";
  };
  CHECK(read_pickle(tensor(raw("K\0K\x02K\x02\x86K\x02K\x01\x86")), 0, "x").tensors.size() == 1);
  check_refused(tensor(raw("K\x01K\x02K\x02\x86K\x02K\x01\x86")), "goes beyond its storage 0 of 4 elements");
  check_refused(tensor(raw("K\0K\x02K\x02\x86K\x03K\x01\x86")), "goes beyond its storage");
  check_refused(tensor(raw("K\0K\x02\x85K\x01K\x01\x86")), "strides [1, 1] cannot be");
  check_refused(tensor(raw("K\0K\x02\x85J\xff\xff\xff\xff\x85")), "-1 is negative");
  check_refused(tensor(raw("J\xff\xff\xff\xffK\x02\x85K\x01\x85")), "-1 is negative");
  check_refused(tensor(raw("K\0\x8a\x08\0\0\0\0\0\0\0\x40\x85K\x01\x85")), "cannot be");
  check_refused(tensor(raw("NK\x02\x85K\x01\x85")), "argument 2 is a None, expected a int");
  check_refused("ctorch._utils\n_rebuild_tensor_v2\n)R.", "is given 0 arguments, expected 6 to 7");
  check_refused(raw("(X\x06\0\0\0moduleNNNNtQ."), "names a 'module', expected 'storage'");
}

TEST_CASE("pickle: bytes that are no pickle are refused", "[cpu]") {
  check_refused("", "cut off");
  check_refused("\x80\x06.", "protocol 6, expected 2 to 5");
  check_refused(".", "empty stack");
  check_refused("t.", "ends a list that it never began");
  check_refused("(0t.", "ends a list that it never began");
  check_refused("h\x05.", "recalls value 5");
  check_refused(raw("X\xff\xff\xff\xff."), "says a length of 4294967295 bytes");
  check_refused(raw("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), "says a length of 18446744073709551615");
  check_refused(raw("\x95\xff\0\0\0\0\0\0\0."), "a frame of 255 bytes");
  check_refused("}N(Nu.", "a key without a value");
  check_refused("I1\n.", "opcode 0x49");
  check_refused("ccollections", "cut off within a name");
  std::string deep(200'000, ']');  // lists in lists, and one that holds itself
  deep += std::string(199'999, 'a') + ".";
  CHECK(read_pickle(deep, 0, "x").values.size() == 200'000);
  CHECK(read_pickle(raw("]q\0h\0a."), 0, "x").values.size() == 1);
}

TEST_CASE("pickle: damaged archives are refused", "[cpu]") {
  CHECK_THROWS_WITH(Weights(kGolden + "big_endian.pth"), Contains("its byteorder is 'big'"));
  CHECK_THROWS_WITH(Weights(kGolden + "no_storage.pth"), Contains("holds no bytes of storage 0"));
  CHECK_THROWS_WITH(Weights(kGolden + "compressed.pth"), Contains("is compressed"));
  const Scratch scratch;
  CHECK_THROWS_WITH(Weights(scratch.write("x.pth", "hello")), Contains("neither as a zip archive nor"));
  for (const std::string name : {"dict.pth", "legacy.pth"}) {
    const std::string whole = read_file(kGolden + name);
    for (size_t size = 1; size < whole.size(); size += 1 + size % 7) {
      const std::string file = scratch.write("cut.pth", whole.substr(0, size));
      CHECK_THROWS_WITH(Weights(file), Catch::StartsWith(file + ": "));
    }
  }
}

TEST_CASE("pickle: a flipped bit never leads out of the file", "[cpu]") {
  for (const std::string name : {"dict.pth", "legacy.pth"}) {
    const std::string whole = read_file(kGolden + name);
    size_t tried = 0;
    for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      ++tried;
      try {
        for (const auto& [tensor, stored] : read_torch_file(flipped, "x").tensors) {
          const int64_t width = dtype_of(stored.dtype).width, span = span_of(stored.shape, stored.strides, width);
          if (span < 0 || stored.begin < 0 || stored.begin + span * width > static_cast<int64_t>(whole.size())) FAIL(tensor);
        }
      } catch (const std::runtime_error& error) {
        if (!std::string(error.what()).starts_with("x: ")) FAIL(error.what());
      }
    }
    CHECK(tried == 8 * whole.size());
  }
}

TEST_CASE("pickle: RWKV-7's .pth equals its safetensors", "[cpu][fixtures]") {
  const std::string folder = fixtures();
  if (folder.empty()) return;
  const std::string path = folder + "/rwkv7/rwkv7_tiny/";
  const Weights pth(path + "model.pth"), half(path + "model_bf16.pth");
  const Safetensors expected(path + "model.safetensors");
  REQUIRE(pth.names() == expected.names());
  for (const std::string& name : expected.names()) {
    CHECK(same_bits(pth.get(name), expected.get(name)));
    CHECK(same_bits(half.get(name), expected.get(name).to(at::kBFloat16)));
  }
}
