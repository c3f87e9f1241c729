"""Writes tests/golden/parquet/: small Parquet files laid out as the hubs' (columns, nesting, several row groups, snappy or zstd), with
text of our own, and a few that are wrong. Needs pyarrow.

    python tests/golden/parquet.py
"""
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(__file__).parent / "parquet"
strings = pa.list_(pa.string())


def write(name, table, **options):
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **{"row_group_size": 2, "compression": "snappy", "write_statistics": False, **options})


def hotpotqa(n):
    def row(i):
        titles = [f"Town {i}-{k}" for k in range(10)]
        return {
            "id": f"5a{i:04d}",
            "question": f"Which river runs through Town {i}-3?",
            "answer": f"River {i}",
            "type": "bridge",
            "level": "easy",
            "supporting_facts": {"title": [titles[3], titles[7]], "sent_id": [0, 1]},
            "context": {"title": titles, "sentences": [[f"{t} is a town.", f" It lies on River {i if k == 3 else 90 + k}."] for k, t in enumerate(titles)]},
        }

    facts = pa.struct([("title", strings), ("sent_id", pa.list_(pa.int32()))])
    context = pa.struct([("title", strings), ("sentences", pa.list_(strings))])
    schema = pa.schema([(c, pa.string()) for c in ("id", "question", "answer", "type", "level")] + [("supporting_facts", facts), ("context", context)])
    return pa.Table.from_pylist([row(i) for i in range(n)], schema)


def narrativeqa():
    text = pa.struct([("text", pa.string()), ("tokens", strings)])
    summary = pa.struct([("text", pa.string()), ("tokens", strings), ("url", pa.string()), ("title", pa.string())])
    document = pa.struct([(c, pa.string()) for c in ("id", "kind", "url")] + [("file_size", pa.int32()), ("word_count", pa.int32()), ("start", pa.string()), ("end", pa.string()), ("summary", summary), ("text", pa.string())])
    schema = pa.schema([("document", document), ("question", text), ("answers", pa.list_(text))])

    def told(words):
        return {"text": words, "tokens": words.split()}

    book = "Chapter one.\r\n\r\nThe miller had three sons. " * 3
    script = "<html><pre>\n<b>INT. MILL - DAY</b>\n\nTom &amp; Ann talk. 1 < 2 &lt;softly&gt;\n</pre></html>"
    rows = []
    for story, kind, words, questions in (("s1", "gutenberg", book, 3), ("s2", "movie", script, 2)):
        for q in range(questions):
            doc = {"id": story, "kind": kind, "url": "u", "file_size": 1, "word_count": 2, "start": "a", "end": "z", "summary": {**told("A summary."), "url": "u", "title": "t"}, "text": words}
            rows.append({"document": doc, "question": told(f"Who is it, {story} {q}?"), "answers": [told(f"The miller {q}"), told("A miller")]})
    return pa.Table.from_pylist(rows, schema)


def triviaqa():
    pages = pa.struct([("doc_source", strings), ("filename", strings), ("title", strings), ("wiki_context", strings)])
    found = pa.struct([("description", strings), ("filename", strings), ("rank", pa.list_(pa.int32())), ("title", strings), ("url", strings), ("search_context", strings)])
    answer = pa.struct([("aliases", strings), ("normalized_aliases", strings), ("matched_wiki_entity_name", pa.string()), ("normalized_matched_wiki_entity_name", pa.string()), ("normalized_value", pa.string()), ("type", pa.string()), ("value", pa.string())])
    schema = pa.schema([("question", pa.string()), ("question_id", pa.string()), ("question_source", pa.string()), ("entity_pages", pages), ("search_results", found), ("answer", answer)])
    rows = []
    for i in range(6):
        page = f"The {i}th hill is high. " * 20 + f"On its top stands Castle {i}. " + "Many people go there. " * 20
        none = {"doc_source": [], "filename": [], "title": [], "wiki_context": []}
        some = {"doc_source": ["TagMe"], "filename": [f"Hill_{i}.txt"], "title": [f"Hill {i}"], "wiki_context": [page]}
        web = {"description": ["d"], "filename": ["w.txt"], "rank": [0], "title": [f"Web {i}"], "url": ["u"], "search_context": [f"Castle {i} was seen. " + page]}
        rows.append({"question": f"What stands on hill {i}?", "question_id": f"tq_{i}", "question_source": "s", "entity_pages": none if i == 5 else some, "search_results": web,
                     "answer": {"aliases": [f"Castle {i}", f"The castle {i}"], "normalized_aliases": [], "matched_wiki_entity_name": "", "normalized_matched_wiki_entity_name": "", "normalized_value": f"castle {i}", "type": "WikipediaEntity", "value": f"Castle {i}"}})
    return pa.Table.from_pylist(rows, schema)


def flat(**columns):
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def ill_formed(raw):
    """A string column with bytes that are none, as a broken writer leaves them."""
    binary = pa.array(raw, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(binary), binary.buffers())


write("hotpotqa/distractor/train-00000-of-00002.parquet", hotpotqa(5))
write("hotpotqa/distractor/train-00001-of-00002.parquet", hotpotqa(7).slice(5), compression="zstd")
write("hotpotqa/distractor/validation-00000-of-00001.parquet", hotpotqa(9).slice(7))
write("narrativeqa/train-00000-of-00024.parquet", narrativeqa())
write("govreport/train/0000.parquet", flat(report=[f"Report {i}. " + "The agency did its work. " * 30 for i in range(5)], summary=[f"Summary {i}." for i in range(5)]), compression="zstd")
write("triviaqa/rc/train-00000-of-00001.parquet", triviaqa())
articles = [" ".join(f"Step {s} of {i} is done with tool {(7 * i + s) % 23} and great care." for s in range(12)) for i in range(40)]
write("wikisum/train-00000-of-00001.parquet", flat(url=["u"] * 40, title=[f"How to do {i}" for i in range(40)], summary=[f"Do {i} step by step." for i in range(40)], article=articles, step_headers=["h"] * 40), row_group_size=16)
for language, comment in (("python", "#"), ("java", "//"), ("csharp", "//")):
    context = [f"{comment} {language} {i}\n" + f"value_{i} = compute({i})\n" * (20 + 10 * i) for i in range(6)]
    write(f"lcc/LCC_{language}/train/0000.parquet", flat(context=context, gt=[f"return value_{i}" for i in range(6)]))

write("wrong/nul.parquet", flat(report=["a", "b\0c", "d"], summary=["x", "y", "z"]))
write("wrong/utf8.parquet", pa.table({"report": ill_formed([b"a", b"b", b"c\xff"]), "summary": pa.array(["x", "y", "z"])}))
write("wrong/big.parquet", flat(report=["a", "x" * (100 << 20), "c"], summary=["x", "y", "z"]), compression="zstd", use_dictionary=False)
write("wrong/types.parquet", flat(report=[1.5, 2.5], summary=["x", "y"]))
write("wrong/null.parquet", flat(report=["a", None, "c"], summary=["x", "y", "z"]))
