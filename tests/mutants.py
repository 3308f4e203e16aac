# SPDX-License-Identifier: GPL-3.0-or-later
"""The mutants of a C file: one operator, constant or condition changed."""

import collections
import re

# Comments, strings, characters and preprocessor lines, which stay.
PASSIVE = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    r"|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.DOTALL | re.MULTILINE)
SWAPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
         "&&": "||", "||": "&&", "+": "-", "-": "+", "+=": "-=", "-=": "+=",
         "!": ""}
TOKEN = re.compile(
    r"[A-Za-z_]\w*|0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*|->|<<=|>>=|<<|>>|\+\+|"
    r"--|&&|\|\||[-+*/%&|^=!<>]=|\S")
# The size of an array, which may be larger; that of a parameter says nothing.
TYPE = r"(?:char|int|struct \w+|u?int\d+_t|size_t|gnutls_\w+)"
DECLARATION = re.compile(r"^\s+(?:static |const |unsigned )*" + TYPE
                         + r" \**\w+\[")
PARAMETER = re.compile(r"(?:\(|, |^    )(?:const )?" + TYPE + r" \**\w+\[$")

Mutant = collections.namedtuple("Mutant", "file line start end text")


def blanked(text):
    """The text with all that stays as it is made blank, in its place."""
    return PASSIVE.sub(
        lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def is_changeable(code, start, end):
    """No size of an array, no {0}, no sizeof(a[0]), and no returned number,
    which has a rule of its own."""
    line = code[code.rfind("\n", 0, start) + 1:start]
    return not (DECLARATION.match(line) and "=" not in line
                or PARAMETER.search(line)
                or code[start - 1] + code[end] == "{}"
                or re.search(r"\bsizeof\([\w>.-]+\[$", line)
                or re.search(r"\breturn -?$", line)
                and code[end] == ";")


def successor(token):
    """One more; 0 for 1, since 2 is as true as 1."""
    digits, suffix = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)(.*)",
                                  token).groups()
    value = int(digits, 16 if digits[1:2] in ("x", "X") else
                8 if digits[0] == "0" else 10)
    return f"{0 if value == 1 else value + 1}{suffix}"


def changes(code):
    """Yields (start, end, replacement) for code without comments."""
    before = ""
    for match in TOKEN.finditer(code):
        token, start, end = match.group(), match.start(), match.end()
        binary = re.fullmatch(r"[\w)\]]+", before) and before != "return"
        if token in SWAPS and (token not in "+-" or binary):
            yield start, end, SWAPS[token]
        elif token[0].isdigit() and is_changeable(code, start, end):
            yield start, end, successor(token)
        before = token
    for match in re.finditer(r"\breturn (0|1|-1);", code):
        yield (match.start(1), match.end(1),
               {"0": "-1", "1": "0", "-1": "0"}[match[1]])
    for match in re.finditer(r"\b(?:if|while) \(", code):
        start, depth = match.end(), 1
        for end in range(start, len(code)):
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            if depth == 0:
                break
        yield start, end, "!(" + code[start:end] + ")"


def mutants_of(name, text):
    """All mutants of a file, each once, in order."""
    code = blanked(text)
    found = {}
    for start, end, replacement in changes(code):
        if replacement.startswith("!("):
            replacement = "!(" + text[start:end] + ")"
        line = text.count("\n", 0, start) + 1
        mutant = Mutant(name, line, start, end, replacement)
        found[apply(mutant, text)] = mutant
    return sorted(found.values())


def apply(mutant, text):
    return text[:mutant.start] + mutant.text + text[mutant.end:]


def before_and_after(mutant, text):
    """The changed source lines, without their margin."""
    first = text.rfind("\n", 0, mutant.start) + 1
    last = text.find("\n", mutant.end)
    pair = (text[first:last],
            text[first:mutant.start] + mutant.text + text[mutant.end:last])
    return tuple(" ".join(part.split()) for part in pair)
