#include "data/teachers/chat_prompts.h"

#include <stdexcept>
#include <vector>

#include "data/summary.h"

namespace smooth {
namespace {

const std::string kHowToRead = R"(You read a long text piece by piece in order to do a task. You see one piece at a time; of all pieces before it you see only the summary that you wrote last. What is not in your summary is lost. After each piece you reply with a new summary, which replaces the old one, in exactly this form:

Target: what is to be found or done
Clues: what has been learned so far
Reason: what this piece has changed
<CONTINUE>

or, when you answer:

Target: what is to be found or done
Clues: what has been learned so far
Reason: why this answers the task
Answer: the answer
<STOP>

Rules:
- Reply with the summary only. No heading, no Markdown, nothing before `Target:` and nothing after the marker.
- `Target:`, `Clues:`, `Reason:` and `Answer:` each begin a line, once. The marker stands on a line of its own, once.
- Target is one line, the same in every summary, and complete: someone who has not seen the task understands it.
- Clues are separated by "; ". Carry every clue that is still of use over from the summary before, word for word where names, numbers or quotations count; add what this piece brings; drop what has turned out to be of no use. If there is nothing yet, write "none yet".
- Reason is one sentence about this piece: what it has added, or that it has added nothing.
- Use only what the text says, not what you know. If the text does not hold the answer, answer as well as the clues allow.
- Each piece says whether you may, must or must not answer. Answer early only if no later piece can change the answer.
)";

const std::string kMayStop = "[More text may follow. If the clues settle the answer, end with `Answer:` and <STOP>; else end with <CONTINUE>.]";
const std::string kMustContinue = "[More text follows, and all of it must be read. Do not answer yet: end with <CONTINUE>.]";
const std::string kMustStop = "[This was the end of the text. End with `Answer:` and <STOP>.]";

// A kind of task: what its parts hold, and an example of two pieces.
struct Kind {
  std::string parts;
  Task task;  // of the example: instruction, question
  std::string first_text;
  Summary first;
  std::string last_text;
  Summary last;
  bool early_stop;
};

const Kind kQuestionAnswering = {
    .parts = R"(The task is a question about the text.
- Target: the question as a thing to be found.
- Clues: facts that bear on the question, with the names, dates and places that link them. A question may need several facts from different places: keep each as soon as it is found, and say what is still missing.
- Answer: as short as possible, a name, a number, a date, a phrase, or yes or no; no sentence around it.
)",
    .task = {.instruction = "Answer the question based on the given passages. Only give me the answer and do not output any other words.",
             .question = "In which country was the architect of the Halden lighthouse born?"},
    .first_text = "Passage 1:\nHalden lighthouse\nThe Halden lighthouse stands at the mouth of the Orre. It was built in 1871 after plans by Mathilde Varga, who won the competition "
                  "against eleven others. Its lamp was electrified in 1923.\nPassage 2:\nOrre\nThe Orre is a river of 212 kilometres. Salmon have returned to it since 1998.",
    .first = {.target = "the country in which the architect of the Halden lighthouse was born",
              .clues = {"the Halden lighthouse was built in 1871 after plans by Mathilde Varga", "her country of birth is not known yet"},
              .reason = "This piece names the architect, but not where she was born."},
    .last_text = "Passage 3:\nMathilde Varga\nMathilde Varga (1834 - 1902) was born at Lake Balaton in Hungary and came to the coast as a child. She drew bridges, quays and "
                 "four lighthouses.",
    .last = {.clues = {"the Halden lighthouse was built in 1871 after plans by Mathilde Varga", "Mathilde Varga was born at Lake Balaton in Hungary"},
             .reason = "This piece says where the architect was born, so the question is settled.",
             .stop = true,
             .answer = "Hungary"},
    .early_stop = true};

const Kind kReport = {
    .parts = R"(The task is to write a summary of the whole text.
- Target: what the summary is of.
- Clues: the running summary of everything read so far, one statement a clue, in the text's order: purpose, findings, figures, causes, recommendations. When it grows long, tighten the older statements rather than dropping them; keep it below 400 words.
- Reason: what this piece has added to the running summary.
- Answer: the finished summary in flowing sentences, as long and as formal as such reports' summaries are, covering the beginning, the middle and the end of the text.
)",
    .task = {.instruction = "You are given a report by a government agency. Write a one-page summary of the report.", .question = ""},
    .first_text = "The Rural Ferry Program was begun in 1994 to keep islands of fewer than 2,000 people connected. In fiscal years 2010 to 2018 the agency granted $412 million to "
                  "61 operators. We were asked to review how grants are awarded and how their use is checked.",
    .first = {.target = "a one-page summary of a report on the Rural Ferry Program",
              .clues = {"the Rural Ferry Program, begun in 1994, keeps islands of fewer than 2,000 people connected", "it granted $412 million to 61 operators in fiscal years 2010-2018",
                        "the report reviews how grants are awarded and how their use is checked"},
              .reason = "This piece gives the program's purpose and size and the report's questions."},
    .last_text = "We found that 17 of 40 grant files lacked the required cost estimate, and that the agency does not visit operators after the money is paid. We recommend that it "
                 "require estimates before award and inspect a sample of operators each year. The agency agreed.",
    .last = {.clues = {"the Rural Ferry Program, begun in 1994, keeps islands of fewer than 2,000 people connected", "it granted $412 million to 61 operators in fiscal years 2010-2018",
                       "the report reviews how grants are awarded and how their use is checked", "17 of 40 grant files lacked the required cost estimate",
                       "operators are not visited after payment", "it recommends requiring estimates before award and inspecting a sample of operators each year", "the agency agreed"},
             .reason = "This piece adds the findings, the recommendations and the agency's response.",
             .stop = true,
             .answer = "The Rural Ferry Program, begun in 1994, keeps islands of fewer than 2,000 people connected; in fiscal years 2010-2018 it granted $412 million to 61 operators. "
                       "The report reviews how grants are awarded and how their use is checked. It found that 17 of 40 grant files lacked the required cost estimate and that operators are "
                       "not visited after payment. It recommends requiring estimates before award and inspecting a sample of operators each year, with which the agency agreed."},
    .early_stop = false};

const Kind kMeeting = {
    .parts = R"(The task is a question about a meeting, answered by a summary of what was said on it.
- Target: what is asked about the meeting.
- Clues: statements that bear on the question, in order, each with who made it; proposals, objections, decisions.
- Answer: one paragraph that answers the question, in the past tense, naming the speakers by their roles.
)",
    .task = {.instruction = "You are given a meeting transcript and a query containing a question or instruction. Answer the query in one or more sentences.",
             .question = "What did the group decide about the buttons?"},
    .first_text = "Project Manager: Good morning. First the case, then the buttons.\nIndustrial Designer: Rubber for the case, I would say, it costs less.\nMarketing: In our survey people "
                  "lost patience with more than ten buttons.",
    .first = {.target = "what the group decided about the buttons",
              .clues = {"the Project Manager put the buttons on the agenda", "Marketing reported a survey in which people lost patience with more than ten buttons"},
              .reason = "This piece opens the topic and brings Marketing's survey; nothing is decided yet."},
    .last_text = "User Interface: Then nine, and a wheel for the volume.\nIndustrial Designer: A wheel breaks easily.\nProject Manager: Nine buttons and no wheel, then. Agreed? Good.",
    .last = {.clues = {"Marketing reported a survey in which people lost patience with more than ten buttons", "User Interface proposed nine buttons and a wheel for the volume",
                       "the Industrial Designer objected that a wheel breaks easily", "the group agreed on nine buttons and no wheel"},
             .reason = "This piece brings the proposal, an objection and the decision.",
             .stop = true,
             .answer = "After Marketing had reported that people lose patience with more than ten buttons, User Interface proposed nine buttons and a wheel for the volume. The "
                       "Industrial Designer objected that a wheel breaks easily, and the group agreed on nine buttons without a wheel."},
    .early_stop = false};

const Kind kClassification = {
    .parts = R"(The text is a list of questions with their types, and the task is to give the type of one more question.
- Target: the question whose type is to be given.
- Clues: the types seen whose questions resemble it, each with such a question; and every other type seen that might fit, by its name alone. Copy names of types exactly.
- Answer: the name of one type, exactly as the text writes it.
)",
    .task = {.instruction = "Please determine the type of the question below. Here are some examples of questions.", .question = "Question: How tall is the spire of Ulm ?\nType:"},
    .first_text = "Question: Who painted the ceiling ?\nType: Individual\nQuestion: How far is Mars from the sun ?\nType: Distance, linear measure\nQuestion: What is sleet ?\nType: "
                  "Definition of something",
    .first = {.target = "the type of the question \"How tall is the spire of Ulm ?\"",
              .clues = {"Distance, linear measure: \"How far is Mars from the sun ?\""},
              .reason = "One type of this piece asks for a length, as the question does."},
    .last_text = "Question: How many legs has a crab ?\nType: Number of something\nQuestion: How long is the Rhine ?\nType: Distance, linear measure",
    .last = {.clues = {"Distance, linear measure: \"How far is Mars from the sun ?\" and \"How long is the Rhine ?\"", "Number of something"},
             .reason = "This piece has one more question for a length, of the same type.",
             .stop = true,
             .answer = "Distance, linear measure"},
    .early_stop = false};

const Kind kFewShotQuestions = {
    .parts = R"(The text is a list of passages, each with a question and its answer, as examples of how to answer. The task ends in one more passage with its question.
- Target: the last question, which is to be answered.
- Clues: what the last passage says on the question; how the examples answer (how long, in which form); any fact of the text that bears on the question. Do not begin a line with a label of the text's own.
- Answer: as short as in the examples.
)",
    .task = {.instruction = "Answer the question based on the given passage. Only give me the answer and do not output any other words. The following are some examples.",
             .question = "Passage:\nThe Tern\nThe Arctic tern flies from pole to pole and back each year, the longest migration of any animal.\nQuestion:\nWhich bird has the longest "
                         "migration?\nAnswer:\n"},
    .first_text = "Passage:\nBasalt\nBasalt is a dark rock of quickly cooled lava.\nQuestion:\nWhat colour is basalt?\nAnswer:\nDark",
    .first = {.target = "the bird with the longest migration",
              .clues = {"the last passage says that the Arctic tern has the longest migration of any animal", "the examples answer in a word or a name"},
              .reason = "This piece shows how short answers are; the answer itself is in the last passage."},
    .last_text = "Passage:\nThe Danube\nThe Danube rises in the Black Forest and flows through ten countries.\nQuestion:\nWhere does the Danube rise?\nAnswer:\nThe Black Forest",
    .last = {.clues = {"the last passage says that the Arctic tern has the longest migration of any animal", "the examples answer in a word or a name"},
             .reason = "This piece adds nothing on birds; its example answers in a name too.",
             .stop = true,
             .answer = "Arctic tern"},
    .early_stop = false};

const Kind kDialogues = {
    .parts = R"(The text is a list of dialogues with their summaries, as examples. The task is to summarise one more dialogue in the same manner.
- Target: the dialogue that is to be summarised, by its speakers and its subject.
- Clues: how the examples are written (length, tense, what they leave out); the facts of the last dialogue that its summary needs: who, what, when, where.
- Answer: the summary, as long and in the same manner as the examples.
)",
    .task = {.instruction = "Summarize the dialogue into a few short sentences. The following are some examples.",
             .question = "Dialogue: Ida: are you coming on Sunday?\nTom: can't, I have to fix the boat\nIda: again? bring it to my uncle, he'll do it on Monday\nTom: great, then I'm coming\nSummary: "},
    .first_text = "Dialogue: Ann: I'm late, the bus broke down\nBen: ok, I'll order for you\nSummary: Ann is late because her bus broke down. Ben will order for her.",
    .first = {.target = "a summary of the dialogue of Ida and Tom about Sunday",
              .clues = {"the examples have one or two short sentences in the present tense, with names and reasons", "Tom cannot come on Sunday because of his boat",
                        "Ida says that her uncle can fix the boat on Monday", "so Tom comes"},
              .reason = "This piece shows the length and the tense of summaries."},
    .last_text = "Dialogue: Eva: did you feed the cat?\nJon: twice!\nSummary: Jon has fed the cat twice.",
    .last = {.clues = {"the examples have one or two short sentences in the present tense, with names and reasons", "Tom cannot come on Sunday because of his boat",
                       "Ida says that her uncle can fix the boat on Monday", "so Tom comes"},
             .reason = "This piece shows that a summary may be a single sentence.",
             .stop = true,
             .answer = "Tom can't come on Sunday because he has to fix his boat. Ida's uncle can do it on Monday, so Tom is coming."},
    .early_stop = false};

const Kind kRetrieval = {
    .parts = R"(The text is a list of numbered paragraphs, and the task is to find the one that an abstract was written of.
- Target: the paragraph that the abstract is of, with the abstract's subject and what is peculiar to it.
- Clues: the paragraph that fits best so far, by its number, with what fits and what does not; the number of the last paragraph seen, since a paragraph may go on in the next piece.
- Answer: the word Paragraph and its number, e.g. Paragraph 7.
)",
    .task = {.instruction = "Here are paragraphs from an encyclopedia, along with an abstract. Please determine which paragraph the abstract is from.",
             .question = "A village in the hills whose glass works closed in 1911; a museum shows its green bottles."},
    .first_text = "Paragraph 1: The heron nests in colonies and fishes in shallow water.\n\nParagraph 2: A sonata has several movements, the first of them mostly fast.",
    .first = {.target = "the paragraph about a hill village whose glass works closed in 1911 and whose museum shows green bottles",
              .clues = {"none of paragraphs 1 and 2 fits", "the last paragraph seen is 2"},
              .reason = "This piece is about a bird and about music, not about a village."},
    .last_text = "Paragraph 3: Lauter lies among hills at 640 metres. Until 1911 it lived on its glass works; the bottles, green from iron in the sand, are shown in the old school.",
    .last = {.clues = {"paragraph 3 fits: Lauter, a village among hills, whose glass works ended in 1911 and whose green bottles are shown"},
             .reason = "This piece holds the paragraph with the village, the year and the bottles.",
             .stop = true,
             .answer = "Paragraph 3"},
    .early_stop = true};

const Kind kCode = {
    .parts = R"(The text is source code, and the task is to write the one line that comes next after its end.
- Target: the next line of code after the end of the text.
- Clues: what the next line may need: imports, names and signatures of functions, classes and variables in reach, conventions and patterns that repeat; at last what the unfinished block is doing.
- Reason: what this piece has added to them.
- Answer: one line of code, as it would stand in the file; no explanation, no backticks.
)",
    .task = {.instruction = "Please complete the code given below.", .question = "Next line of code:"},
    .first_text = "import csv\n\ndef load(path):\n    with open(path) as f:\n        return list(csv.DictReader(f))\n\ndef total(rows, column):\n    return sum(float(r[column]) for r in rows)\n",
    .first = {.target = "the next line of code after the end of the text",
              .clues = {"load(path) returns the rows of a csv file as dictionaries", "total(rows, column) sums a column"},
              .reason = "This piece defines two functions that later code may call."},
    .last_text = "def main(path):\n    rows = load(path)\n    hours = total(rows, \"hours\")\n    # and what they cost\n",
    .last = {.clues = {"load(path) returns the rows of a csv file as dictionaries", "total(rows, column) sums a column",
                       "main has rows = load(path) and hours = total(rows, \"hours\"); a comment says that costs come next"},
             .reason = "This piece begins main, and its last comment names what follows.",
             .stop = true,
             .answer = "cost = total(rows, \"cost\")"},
    .early_stop = false};

const std::vector<std::pair<std::string, const Kind*>>& kinds() {
  static const std::vector<std::pair<std::string, const Kind*>> kinds = {
      {"hotpotqa", &kQuestionAnswering}, {"narrativeqa", &kQuestionAnswering}, {"govreport", &kReport},  {"qmsum", &kMeeting}, {"trec", &kClassification},
      {"triviaqa", &kFewShotQuestions},  {"samsum", &kDialogues},              {"passage-retrieval", &kRetrieval}, {"lcc", &kCode}};
  return kinds;
}

const Kind& kind_of(const std::string& row) {
  std::string names;
  for (const auto& [name, kind] : kinds()) {
    if (name == row) return *kind;
    names += (names.empty() ? "" : ", ") + name;
  }
  throw std::runtime_error("the chat teacher has no prompt for the row " + row + "; its rows are " + names);
}

std::string piece(const Task& task, const std::string& text, const std::string& summary, int64_t number, const std::string& closing) {
  const std::string question = task.question.empty() ? "" : "\n\nQuestion:\n" + task.question;
  return "Task:\n" + task.instruction + question + "\n\nYour summary so far:\n" + (summary.empty() ? "(none: this is the first piece)" : summary) + "\n\nPiece " +
         std::to_string(number) + " of the text:\n" + text + "\n\n" + closing;
}

}  // namespace

std::string system_prompt(const std::string& row) {
  const Kind& kind = kind_of(row);
  const std::string first = format(kind.first);
  Summary end = kind.last;
  end.target = kind.first.target;  // which stays as it is
  return kHowToRead + "\n" + kind.parts + "\nAn example. The first piece:\n\n" + piece(kind.task, kind.first_text, "", 1, kind.early_stop ? kMayStop : kMustContinue) +
         "\n\nThe reply to it:\n\n" + first + "\n\nThe second piece:\n\n" + piece(kind.task, kind.last_text, without_marker(first), 2, kMustStop) + "\n\nThe reply to it:\n\n" +
         format(end) + "\n\nThis was the example; what follows is your task.";
}

std::string piece_prompt(const Task& task, const Turn& turn, const std::string& summary, int64_t number) {
  const auto begin = static_cast<size_t>(turn.begin), size = static_cast<size_t>(turn.end - turn.begin);
  return piece(task, task.context.substr(begin, size), summary, number, turn.last ? kMustStop : turn.may_stop ? kMayStop : kMustContinue);
}

std::string correction_prompt(const std::string& problem, int64_t correction, int64_t corrections) {
  return "This reply cannot be used: " + problem + ". Write the whole summary again in the form that was asked for, and nothing else. (Correction " +
         std::to_string(correction) + " of " + std::to_string(corrections) + ".)";
}

}  // namespace smooth
