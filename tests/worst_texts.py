"""Texts as large as an event may be, of the kinds that take readers of text the longest."""

import base64
import random

_LOT = random.Random(1)

WORST = {
    "brackets": "[" * 50_000,
    "stars": "*" * 50_000,
    "emphasis": "*a " * 15_000,
    "emphasis in emphasis": "*" * 3_000 + "a" + "*" * 3_000,
    "images": "![" * 25_000,
    "quotes": ">" * 50_000,
    "quotes with spaces": "> " * 25_000 + "x",
    "quoted lines": "> \n" * 20_000,
    "lists": "- " * 20_000,
    "list of lists": "- - - - - - - - - a\n" * 2_000,
    "one backtick after the other": "`" * 60_000,
    "backticks": "".join("`" * (n % 50) + " " for n in range(2_000)),
    "backticks around letters": "".join("`" * (n % 50 + 1) + "x" for n in range(2_400)),
    "openings of links": "[a](" * 15_000,
    "links": "[a](<b" * 8_000,
    "wide table": "|a" * 200 + "\n" + "|-" * 200 + "\n" + "|b\n" * 2_000,
    "tall table": "|a|b|\n|-|-|\n" + "|c|d|\n" * 3_000,
    "references": "[a]: b\n" * 5_000,
    "paragraphs of lists": "1. a\n" * 8_000,
    "tags": "<a " * 20_000,
    "attributes": "<a href='" * 6_000,
    "one tag": "<" + "a" * 60_000,
    "comments": "<!--" * 15_000,
    "character reference": "&#" + "9" * 60_000 + "<b>",
    "pills": '<a href="https://matrix.to/#/@scout:localhost">Scout</a> ' * 1_000,
    "names": "luna" * 15_000,
    "user ids": "@a:x" * 15_000,
    "servers": "a.a." * 15_000,
    "addresses": "https:" * 10_000,
    "marks on letters": "e\u0301\u0323" * 20_000,
    "marks on a letter": "e" + "\u0301" * 30_000,
    "one letter": "a" * 60_000,
    "emoji": "😀" * 15_000,
    "base64": base64.b64encode(_LOT.randbytes(45_000)).decode(),
    "Chinese": "".join(chr(_LOT.randrange(0x4E00, 0x9FFF)) for _ in range(20_000)),
    "blanks": " " * 60_000,
    "lines": "\n" * 60_000,
}
