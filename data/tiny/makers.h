// Who makes which miniature. Each fills in context, input, answers, labels, subject and evidence; what all records have comes later.
#pragma once

#include "data/tiny/context.h"
#include "data/tiny/draws.h"
#include "data/tiny/facts.h"
#include "data/tiny/tiny.h"

namespace smooth {

// A name of a dataset, for those that make several.
void make_question(const std::string& dataset, Draws& draws, TinyRecord& made);    // narrativeqa, qasper, multifieldqa_en
void make_two_hops(const std::string& dataset, Draws& draws, TinyRecord& made);    // hotpotqa, 2wikimqa, musique
void make_meeting(Draws& draws, TinyRecord& made);                                 // qmsum
void make_report(Draws& draws, TinyRecord& made);                                  // gov_report
void make_news(Draws& draws, TinyRecord& made);                                    // multi_news
void make_types(Draws& draws, TinyRecord& made);                                   // trec
void make_trivia(Draws& draws, TinyRecord& made);                                  // triviaqa
void make_dialogues(Draws& draws, TinyRecord& made);                               // samsum
void make_count(Draws& draws, TinyRecord& made);                                   // passage_count
void make_retrieval(Draws& draws, TinyRecord& made);                               // passage_retrieval_en
void make_file(Draws& draws, TinyRecord& made);                                    // lcc
void make_repository(Draws& draws, TinyRecord& made);                              // repobench-p

void make_drill(int64_t count, Draws& draws, TinyRecord& made);                    // of any

// One thing as its task tells it.
Told told_fact(const Topic& topic, Draws& draws);
Told told_link(const Topic& topic, Draws& draws);  // to the second of two hops
Told told_type(Draws& draws);
Told told_place(Draws& draws);  // of a paragraph
Told told_variable(Draws& draws);

}  // namespace smooth
