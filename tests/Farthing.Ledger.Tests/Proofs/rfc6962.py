"""Verifies Merkle proofs, written from RFC 6962 section 2.1 and RFC 9162 sections 2.1.3.2 and 2.1.4.2 alone.

It shares no line, no library and no language with what made the proofs. Reads one JSON object a line from
standard input and answers each with a line, "yes" or "no".
"""

import hashlib
import json
import sys


def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(leaf, index, size, path, root):
    # RFC 9162 section 2.1.3.2, step by step.
    if index >= size:
        return False
    fn, sn = index, size - 1
    r = leaf_hash(leaf)
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            if not fn & 1:
                while not (fn & 1 or fn == 0):
                    fn >>= 1
                    sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    return sn == 0 and r == root


def verify_consistency(first, first_hash, second, second_hash, path):
    # RFC 9162 section 2.1.4.2, step by step; the cases it leaves out are the empty and the same tree.
    if first == second:
        return not path and first_hash == second_hash
    if first == 0:
        return not path and first_hash == hashlib.sha256(b"").digest()
    if first > second or not path:
        return False
    if first & (first - 1) == 0:
        path = [first_hash] + path
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = node_hash(c, fr)
            sr = node_hash(c, sr)
            if not fn & 1:
                while not (fn & 1 or fn == 0):
                    fn >>= 1
                    sn >>= 1
        else:
            sr = node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    return fr == first_hash and sr == second_hash and sn == 0


def split(text):
    data = bytes.fromhex(text)
    return [data[i:i + 32] for i in range(0, len(data), 32)]


def verify(case):
    path = split(case["proof"])
    if "leaf" in case:
        return verify_inclusion(bytes.fromhex(case["leaf"]), case["index"], case["size"], path, bytes.fromhex(case["root"]))
    return verify_consistency(case["from"], bytes.fromhex(case["fromRoot"]), case["to"], bytes.fromhex(case["toRoot"]), path)


for line in sys.stdin:
    print("yes" if verify(json.loads(line)) else "no")
