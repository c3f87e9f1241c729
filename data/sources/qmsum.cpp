#include "data/sources/sets.h"

namespace smooth {

void read_qmsum(RawSet& set, const std::function<bool(Meeting&)>& take) {
  set.read({"meeting_transcripts", "general_query_list", "specific_query_list"}, [&](Record& record) {
    Meeting meeting;
    for (const Record& turn : list_field(record, "meeting_transcripts")) {
      if (!meeting.transcript.empty()) meeting.transcript += "\n";
      meeting.transcript += text_field(turn, "speaker") + ": " + text_field(turn, "content");
    }
    for (const char* list : {"general_query_list", "specific_query_list"}) {
      for (const Record& query : list_field(record, list)) meeting.queries.push_back({text_field(query, "query"), text_field(query, "answer")});
    }
    if (meeting.transcript.empty()) throw BadRecord("field meeting_transcripts: empty");
    return take(meeting);
  });
}

}  // namespace smooth
