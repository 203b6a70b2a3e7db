"""Writes a C++ source with all its mutants, each behind a switch that is read at run time.

A mutant is one small change: `<` becomes `<=`, a statement is left out, a function returns nothing.
In its place the copy has `mutants::on(17) ? changed : original`. Mutants that do not compile are
found by compiling the copy, and left out.
"""
import collections
import dataclasses
import re

from clang import cindex
from clang.cindex import CursorKind as Kind, TypeKind

FLAGS = ["-std=c++20", "-DFMT_HEADER_ONLY", "-DSPDLOG_HEADER_ONLY", "-DSPDLOG_FMT_EXTERNAL",
         "-DBOOST_ASIO_NO_DEPRECATED", "-DBOOST_ASIO_DISABLE_BOOST_REGEX", "-w",
         "-DBOOST_ERROR_CODE_HEADER_ONLY", "-DNDEBUG", "-ferror-limit=0", "-Wno-c++11-narrowing"]
# A declaration instead of an #include, because it may appear twice in a translation unit.
PROLOGUE = "namespace mutants { bool on(int) noexcept; }\n"

BINARY = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
          "==": ["!="], "!=": ["=="], "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"],
          "+=": ["-="], "-=": ["+="], "&&": ["||"], "||": ["&&"]}
NAMES = {**{sign: "comparison" for sign in ("<", "<=", ">", ">=", "==", "!=")},
         **{sign: "arithmetic" for sign in ("+", "-", "*", "/", "%", "+=", "-=")},
         "&&": "logic", "||": "logic"}
CONSTANT = re.compile(r"\b(constexpr|consteval|enum|static_assert)\b")
NOTHING = re.compile(r'\{\}|nullptr|std::nullopt|""|0|[\w:]*zero\(\)|std::string(_view)?\(\)|'
                     r"base::Result<void>\(\)")
FUNCTIONS = {Kind.FUNCTION_DECL, Kind.FUNCTION_TEMPLATE, Kind.CXX_METHOD, Kind.CONSTRUCTOR,
             Kind.DESTRUCTOR, Kind.CONVERSION_FUNCTION}
TYPES = {Kind.TYPE_REF, Kind.TEMPLATE_REF, Kind.NAMESPACE_REF, Kind.TEMPLATE_TYPE_PARAMETER,
         Kind.TEMPLATE_NON_TYPE_PARAMETER, Kind.ENUM_DECL, Kind.STATIC_ASSERT,
         Kind.TYPE_ALIAS_DECL, Kind.TYPEDEF_DECL, Kind.TYPE_ALIAS_TEMPLATE_DECL}
LOOPS = {Kind.WHILE_STMT, Kind.FOR_STMT, Kind.CXX_FOR_RANGE_STMT}
BRANCHES = {Kind.IF_STMT, Kind.COMPOUND_STMT, Kind.SWITCH_STMT, Kind.CXX_TRY_STMT, *LOOPS}


@dataclasses.dataclass
class Mutant:
    number: int
    file: str
    line: int
    function: str
    kind: str
    before: str
    after: str
    which: int = 1  # its number among equal mutants of one function

    def key(self):
        """Returns a name that stays the same as long as the function does not change."""
        which = f" #{self.which}" if self.which > 1 else ""
        return f"{self.file} {self.function}: {self.before} -> {self.after}{which}"


@dataclasses.dataclass
class Place:
    """Place is a part of the source that has mutants. wrap() adds them around its text."""
    start: int
    end: int
    mutants: list   # of (Mutant, replacement)
    style: str      # value, condition, remove or instead

    def wrap(self, inner, excluded):
        kept = [(mutant.number, text) for mutant, text in self.mutants
                if mutant.number not in excluded]
        if not kept:
            return inner
        if self.style in ("value", "condition"):
            choices = "".join(f"mutants::on({number}) ? ({text}) :\n" for number, text in kept)
            whole = "static_cast<bool>" if self.style == "condition" else ""
            return f"(\n{choices}{whole}({inner}))"
        if self.style == "remove":
            return f"{{ if (!mutants::on({kept[0][0]}))\n{inner}\n}}"
        choices = "".join(f"if (mutants::on({number})) {text}\n" for number, text in kept)
        return f"{{\n{choices}{inner}\n}}"


def short(text):
    text = re.sub(r"\s+", " ", re.sub(r"//[^\n]*", "", text)).strip()
    return text if len(text) <= 90 else text[:60] + " ... " + text[-25:]


def parse(root, unit):
    arguments = [*FLAGS, f"-I{root}/controller", f"-I{root}/tests", f'-DSOURCE_DIR="{root}"']
    return cindex.Index.create().parse(str(root / unit), arguments)


class Source:
    """Source has the mutants of one file, found in the syntax tree of a translation unit that
    includes it."""

    def __init__(self, root, name, unit, first):
        self.name, self.unit = name, unit
        self.text = (root / name).read_bytes()
        self.places, self.mutants, self.number = [], [], first
        self.seen, self.function, self.result = set(), "", None
        self.in_lambda = False
        for child in parse(root, unit).cursor.get_children():
            if child.location.file and child.location.file.name == str(root / name):
                self.visit(child)
        del self.seen, self.result  # they belong to the syntax tree
        counts = collections.Counter()
        for mutant in self.mutants:
            base = (mutant.function, mutant.before, mutant.after)
            counts[base] += 1
            mutant.which = counts[base]

    # Text

    def read(self, start, end):
        return self.text[start:end].decode()

    def of(self, cursor):
        return self.read(cursor.extent.start.offset, cursor.extent.end.offset)

    def after_space(self, offset):
        """Returns the offset of the next token."""
        return offset + re.match(rb"(\s|//[^\n]*\n|/\*.*?\*/)*", self.text[offset:], re.S).end()

    def closing(self, offset):
        """Returns the offset of the parenthesis that closes the first one after the offset."""
        depth = 0
        for match in re.finditer(rb'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'|//[^\n]*|[()]',
                                 self.text[offset:]):
            depth += {b"(": 1, b")": -1}.get(match[0], 0)
            if depth == 0 and match[0] == b")":
                return offset + match.start()
        raise ValueError("no closing parenthesis")

    # Mutants

    def new(self, start, kind, before, after):
        line = self.text.count(b"\n", 0, start) + 1
        mutant = Mutant(self.number, self.name, line, self.function, kind, short(before), after)
        self.number += 1
        self.mutants.append(mutant)
        return mutant

    def values(self, cursor, kind, choices, style="value"):
        """Adds mutants that replace an expression. choices: pairs of new text and its name."""
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        if "co_await" in self.read(start, end):
            return  # the compiler mistranslates co_await within ?:
        made = [(self.new(start, kind, self.read(start, end), short(called)), text)
                for text, called in choices]
        self.places.append(Place(start, end, made, style))

    def removal(self, start, end, kind):
        mutant = self.new(start, kind, self.read(start, end).rstrip(";"), "(nothing)")
        self.places.append(Place(start, end, [(mutant, "")], "remove"))

    # The tree

    def visit(self, cursor):
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        if cursor.kind in TYPES or (start, end, cursor.kind) in self.seen:
            return
        self.seen.add((start, end, cursor.kind))
        if cursor.kind in FUNCTIONS or cursor.kind in (Kind.VAR_DECL, Kind.FIELD_DECL):
            if CONSTANT.search(self.read(start, max(start, cursor.location.offset))):
                return
        if cursor.kind in FUNCTIONS:
            self.visit_function(cursor)
        elif cursor.kind == Kind.LAMBDA_EXPR:
            outside, self.in_lambda = self.in_lambda, True
            self.visit_children(cursor)
            self.in_lambda = outside
        elif cursor.kind == Kind.IF_STMT:
            self.visit_if(cursor)
        else:
            self.visit_other(cursor)

    def children(self, cursor):
        """Returns the children that are in the source text. A coroutine also has generated ones."""
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        children = list(cursor.get_children())
        if cursor.kind in (Kind.UNEXPOSED_STMT, Kind.UNEXPOSED_EXPR) and len(children) > 1 and (
                self.of(cursor).startswith("co_") or children[0].kind == Kind.COMPOUND_STMT):
            children = children[:1]
        if cursor.kind == Kind.UNARY_OPERATOR and self.of(cursor).startswith("!="):
            return children  # of the == that the compiler uses for this !=
        return [child for child in children
                if start <= child.extent.start.offset <= child.extent.end.offset <= end]

    def visit_children(self, cursor):
        for child in self.children(cursor):
            self.visit(child)

    def visit_function(self, cursor):
        outside = self.function, self.result
        owner = cursor.semantic_parent
        named = owner is not None and owner.kind not in (Kind.NAMESPACE, Kind.TRANSLATION_UNIT)
        name = cursor.spelling.split("<")[0] if "operator" not in cursor.spelling else \
            cursor.spelling
        self.function = (owner.spelling.split("<")[0] + "::" if named else "") + name
        self.result = cursor.result_type
        self.visit_children(cursor)
        self.function, self.result = outside

    def visit_other(self, cursor):
        kind = cursor.kind
        children = self.children(cursor)
        if kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR, Kind.CALL_EXPR,
                    Kind.UNEXPOSED_EXPR):
            self.binary(cursor, children)
        if kind in (Kind.UNARY_OPERATOR, Kind.CALL_EXPR):
            self.unary(cursor, children)
        if kind == Kind.INTEGER_LITERAL:
            self.integer(cursor)
        if kind == Kind.CXX_BOOL_LITERAL_EXPR:
            self.values(cursor, "literal", [("!" + self.of(cursor),
                                            "false" if self.of(cursor) == "true" else "true")])
        if kind == Kind.CONDITIONAL_OPERATOR and children:
            self.negation(children[0])
        if kind == Kind.WHILE_STMT and len(children) == 2:
            self.negation(children[0])
        if kind == Kind.COMPOUND_STMT:
            for child in children:
                self.statement(child, last=child == children[-1])
        if kind in LOOPS and children:
            self.statement(children[-1])
        if kind in (Kind.CASE_STMT, Kind.DEFAULT_STMT):
            self.statement(children[-1])
            children = children[-1:]
        for child in children:
            self.visit(child)

    def visit_if(self, cursor):
        start = cursor.extent.start.offset
        close = self.closing(start)
        children = self.children(cursor)
        head = [child for child in children if child.extent.start.offset < close]
        branches = [child for child in children if child.extent.start.offset > close]
        if re.match(rb"if\s+constexpr", self.text[start:]):
            head = []
        elif head and head[-1].kind not in (Kind.VAR_DECL, Kind.DECL_STMT) and not any(
                child.kind == Kind.VAR_DECL for child in head):
            self.negation(head[-1])
        for child in head:
            self.visit(child)
        for child in branches:
            self.statement(child)
            self.branch(child, alone=len(branches) == 1)
            self.visit(child)

    # Operators

    def binary(self, cursor, children):
        if len(children) == 3:
            left, middle, right = children
            if "operator" not in middle.spelling:
                return
        elif len(children) == 2:
            left, right = children
        else:
            return
        between = self.read(left.extent.end.offset, right.extent.start.offset)
        sign = re.sub(r"//[^\n]*|\s", "", between)
        if sign not in BINARY or left.extent.start.offset != cursor.extent.start.offset:
            return
        one, other = self.of(left), self.of(right)
        choices = [(f"{one} {new} {other}", f"{new} in its place") for new in BINARY[sign]]
        if sign in ("&&", "||"):
            choices += [(f"static_cast<bool>({one})", one), (f"static_cast<bool>({other})", other)]
        self.values(cursor, NAMES[sign], choices)

    def unary(self, cursor, children):
        text = self.of(cursor)
        if not children or len(children) > 2 or text.startswith("!="):
            return
        operand = self.of(children[0])
        rest = text.replace(operand, "", 1).strip()
        if rest == "!":
            self.values(cursor, "negation", [(f"static_cast<bool>({operand})", operand)])
        elif rest in ("++", "--"):
            new = {"++": "--", "--": "++"}[rest]
            other = new + operand if text.startswith(rest) else operand + new
            self.values(cursor, "arithmetic", [(other, other)])
        elif rest == "-" and text.startswith("-"):
            self.values(cursor, "arithmetic", [(operand, operand)])

    def integer(self, cursor):
        text = self.of(cursor)
        if not re.fullmatch(r"\d+[uUlLzZ]*", text):
            return
        choices = [(f"{text} + 1", f"{text} + 1")]
        if int(re.match(r"\d+", text)[0]) != 0:
            choices.append((f"{text} - {text}", "0"))
        self.values(cursor, "literal", choices)

    def negation(self, whole):
        """Adds a mutant with the condition negated, unless a mutant of its operator has the same
        effect."""
        text, condition = self.of(whole), whole
        while condition.kind == Kind.UNEXPOSED_EXPR and len(list(condition.get_children())) == 1:
            condition = next(condition.get_children())
        if condition.kind == Kind.CXX_BOOL_LITERAL_EXPR or self.of(condition).startswith("!"):
            return
        if condition.kind == Kind.BINARY_OPERATOR or condition.spelling.startswith("operator"):
            sides = self.children(condition)
            if len(sides) > 1:
                between = self.read(sides[0].extent.end.offset, sides[-1].extent.start.offset)
                if NAMES.get(between.strip()) == "comparison":
                    return
        self.values(whole, "negation", [(f"!({text})", f"!({text})")], "condition")

    # Statements

    def with_semicolon(self, cursor):
        end = self.after_space(cursor.extent.end.offset)
        return end + 1 if self.text[end:end + 1] == b";" else None

    def statement(self, cursor, last=False):
        start, end = cursor.extent.start.offset, self.with_semicolon(cursor)
        if end is None or cursor.kind == Kind.DECL_STMT or cursor.kind in BRANCHES:
            return
        text = self.of(cursor)
        word = re.match(r"(co_return|return)\b\s*", text)
        if word:
            self.returned(cursor, text[word.end():], word[1], end, last)
        elif cursor.kind in (Kind.BREAK_STMT, Kind.CONTINUE_STMT):
            self.removal(start, end, "jump")
        elif cursor.kind.is_expression() and not text.startswith("throw"):
            self.removal(start, end, "statement")

    def returned(self, cursor, value, word, end, last):
        start = cursor.extent.start.offset
        if not value:
            if not last:
                self.removal(start, end, "jump")
            return
        children = self.children(cursor)
        kind = children[0].type.get_canonical().kind if children else None
        result = self.result.get_canonical().kind if self.result else None
        if kind == TypeKind.BOOL or (kind == TypeKind.DEPENDENT and result == TypeKind.BOOL):
            if value not in ("true", "false"):
                self.values(children[0], "return", [("true", "true"), ("false", "false")])
        elif kind == TypeKind.VOID and word == "return":
            mutant = self.new(start, "statement", f"return {value}", "return")
            self.places.append(Place(start, end, [(mutant, "return;")], "instead"))
            if not last:
                self.removal(start, end, "jump")
        elif not self.in_lambda and not NOTHING.fullmatch(value):
            if result in (TypeKind.LVALUEREFERENCE, TypeKind.VOID, TypeKind.AUTO, TypeKind.BOOL):
                return
            mutant = self.new(start, "return", f"{word} {value}", f"{word} {{}}")
            made = self.result.get_template_argument_type(0) if word == "co_return" else None
            name = made.spelling if made else ""
            self.places.append(Place(start, end, [(mutant, f"{word} {name}{{}};")], "instead"))

    def branch(self, cursor, alone):
        """Adds a mutant without the branch of an if, unless a mutant without its only statement is
        the same."""
        start, end = cursor.extent.start.offset, cursor.extent.end.offset
        inner = self.children(cursor) if cursor.kind == Kind.COMPOUND_STMT else [cursor]
        if not inner or cursor.kind == Kind.IF_STMT:
            return
        text = self.of(inner[-1])
        leaves = re.match(r"(co_return|return|throw)\b\s*", text)
        plain = inner[0].kind.is_expression() or text in ("return", "co_return", "break",
                                                          "continue")
        if (len(inner) == 1 and plain) or (leaves and not alone):
            return
        if cursor.kind != Kind.COMPOUND_STMT:
            end = self.with_semicolon(cursor) or end
        if not any(place.style == "remove" and place.start == start and place.end == end
                   for place in self.places):
            self.removal(start, end, "branch")

    # Output

    def render(self, excluded):
        """Returns the whole file with its mutants, without those of the excluded numbers."""
        places = sorted(self.places, key=lambda place: (place.start, -place.end))
        text, _ = self.render_range(0, len(self.text), places, 0, excluded)
        return PROLOGUE + text

    def render_range(self, start, end, places, at, excluded):
        pieces, here = [], start
        while at < len(places) and places[at].end <= end:
            place = places[at]
            if place.start < here:
                raise ValueError(f"places overlap in {self.name} at {place.start}")
            pieces.append(self.read(here, place.start))
            inner, at = self.render_range(place.start, place.end, places, at + 1, excluded)
            pieces.append(place.wrap(inner, excluded))
            here = place.end
        pieces.append(self.read(here, end))
        return "".join(pieces), at


def numbers_at(text, lines):
    """Returns the mutants on these lines of an instrumented file; without any, the nearest ones
    above."""
    rows, found = text.split("\n"), set()
    numbers = [{int(number) for number in re.findall(r"mutants::on\((\d+)\)", row)}
               for row in rows]
    for line in lines:
        found |= numbers[line - 1]
    if found:
        return found
    for line in lines:
        found |= next((above for above in reversed(numbers[:line]) if above), set())
    return found
