// Where the members of a zip archive lie, for archives whose members are stored uncompressed, as torch.save writes them.
// Source: PKWARE APPNOTE.TXT 6.3, sections 4.3 to 4.5; zip64 included. Sums of the members' bytes are not checked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace smooth {

struct ZipMember {
  int64_t begin = 0, size = 0;  // bytes of the file
};

// `bytes` is the whole file, `file` its name for messages. Refuses what is compressed, encrypted, cut off, overlapping, twice
// there, or said differently in the archive's two places.
std::map<std::string, ZipMember> read_zip(std::string_view bytes, const std::string& file);

}  // namespace smooth
