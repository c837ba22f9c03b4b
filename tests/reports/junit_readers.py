"""Asks JUnit readers about a report: prints `tests failures errors skipped`, then one complaint a line."""

import re
import subprocess
import sys
import tempfile

import junitparser
from lxml import etree

# Jenkins' xUnit plugin (junit-10.xsd), stated as the attributes and children each element may have.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id",
                  "package", "file", "log", "url", "version"},
    "testcase": {"name", "time", "classname", "group"},
    "property": {"name", "value"},
    **dict.fromkeys(["failure", "error", "skipped", "flakyFailure", "flakyError", "rerunFailure", "rerunError"],
                    {"message", "type"}),
    **dict.fromkeys(["properties", "system-out", "system-err"], set()),
}
REQUIRED = {
    "testsuite": {"name", "tests", "failures", "errors"},
    "testcase": {"name"},
    "property": {"name", "value"},
    **dict.fromkeys(["flakyFailure", "flakyError", "rerunFailure", "rerunError"], {"type"}),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "testcase": {"skipped", "error", "failure", "rerunFailure", "rerunError", "flakyFailure", "flakyError",
                 "system-out", "system-err"},
    "properties": {"property"},
}


def schema(document):
    for element in document.iter():
        tag, where = element.tag, f"line {element.sourceline}: <{element.tag}>"
        if tag not in ATTRIBUTES:
            yield f"{where} is unknown"
            continue
        for name in set(element.attrib) - ATTRIBUTES[tag]:
            yield f"{where} may not have {name}"
        for name in REQUIRED.get(tag, set()) - set(element.attrib):
            yield f"{where} needs {name}"
        for child in element:
            if child.tag not in CHILDREN.get(tag, set()):
                yield f"{where} may not hold <{child.tag}>"
        time = element.get("time")
        if time is not None and not re.fullmatch(r"[0-9]+(\.[0-9]{1,3})?", time):
            yield f"{where} time {time}: at most three decimals, no exponent"
        timestamp = element.get("timestamp")
        if timestamp is not None and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", timestamp):
            yield f"{where} timestamp {timestamp}: no offset, no fraction"


def own_counts(document):
    cases = document.findall(".//testcase")
    for suite in document.iter("testsuite"):
        own = suite.findall("testcase")
        for key, child in (("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            real = sum(child is None or case.find(child) is not None for case in own)
            if suite.get(key) != str(real):
                yield f"suite {suite.get('name')!r} says {key}={suite.get(key)}, and there are {real}"
    seen = set()
    for case in cases:
        name = (case.get("classname"), case.get("name"))
        if name in seen:
            yield f"{name} stands there twice"
        seen.add(name)


def counted(document):
    cases = document.findall(".//testcase")
    having = lambda child: sum(case.find(child) is not None for case in cases)
    return len(cases), having("failure"), having("error"), having("skipped")


def counted_by_junitparser(path):
    cases = [case for suite in junitparser.JUnitXml.fromfile(path) for case in suite]
    kind = lambda wanted: sum(any(isinstance(result, wanted) for result in case.result) for case in cases)
    return len(cases), kind(junitparser.Failure), kind(junitparser.Error), kind(junitparser.Skipped)


def main(path):
    try:
        document = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    except etree.XMLSyntaxError as error:
        print(f"0 0 0 0\nlxml: {error}")
        return
    complaints = [*schema(document), *own_counts(document)]
    counts = counted(document)
    try:
        theirs = counted_by_junitparser(path)
        if theirs != counts:
            complaints.append(f"junitparser counts {theirs}, lxml {counts}")
    except Exception as error:  # whatever a reader throws is a complaint
        complaints.append(f"junitparser: {error!r}")
    with tempfile.NamedTemporaryFile(suffix=".html") as page:
        junit2html = subprocess.run([sys.executable, "-m", "junit2htmlreport", path, page.name], capture_output=True,
                                    text=True)
        if junit2html.returncode:
            complaints.append(f"junit2html: {junit2html.stderr.strip()[-300:]}")
    print(*counts)
    print(*complaints, sep="\n")


main(sys.argv[1])
