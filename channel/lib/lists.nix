# Lists.
{ lib }:
let inherit (builtins) elemAt length genList foldl' filter head; in
rec {
  inherit (builtins) head tail length isList elemAt concatLists filter elem genList map foldl' all any concatMap partition groupBy sort;

  singleton = x: [ x ];
  forEach = xs: f: map f xs;
  foldr = op: nul: list:
    let len = length list; go = n: if n == len then nul else op (elemAt list n) (go (n + 1)); in go 0;
  fold = foldr;
  foldl = op: nul: list:
    let go = n: if n == -1 then nul else op (go (n - 1)) (elemAt list n); in go (length list - 1);
  foldl1 = op: list: foldl' op (head list) (builtins.tail list);
  imap0 = f: list: genList (n: f n (elemAt list n)) (length list);
  imap1 = f: list: genList (n: f (n + 1) (elemAt list n)) (length list);
  ifilter0 = pred: list: map (i: elemAt list i) (filter (i: pred i (elemAt list i)) (genList (i: i) (length list)));
  flatten = x: if builtins.isList x then builtins.concatMap flatten x else [ x ];
  remove = e: filter (x: x != e);
  findFirstIndex = pred: default: list:
    let go = i: if i == length list then default else if pred (elemAt list i) then i else go (i + 1); in go 0;
  findFirst = pred: default: list: let i = findFirstIndex pred null list; in if i == null then default else elemAt list i;
  findSingle = pred: default: multiple: list:
    let found = filter pred list; n = length found; in if n == 0 then default else if n != 1 then multiple else head found;
  count = pred: foldl' (c: x: if pred x then c + 1 else c) 0;
  optional = cond: elem: if cond then [ elem ] else [ ];
  optionals = cond: elems: if cond then elems else [ ];
  toList = x: if builtins.isList x then x else [ x ];
  range = first: last: if first > last then [ ] else genList (n: first + n) (last - first + 1);
  replicate = n: elem: genList (_: elem) n;
  zipListsWith = f: a: b: genList (n: f (elemAt a n) (elemAt b n)) (lib.min (length a) (length b));
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });
  reverseList = xs: let l = length xs; in genList (n: elemAt xs (l - n - 1)) l;
  take = count: sublist 0 count;
  takeEnd = count: list: let n = length list; in sublist (lib.max 0 (n - count)) count list;
  drop = count: list: sublist count (length list) list;
  dropEnd = count: list: take (lib.max 0 (length list - count)) list;
  sublist = start: count: list:
    let len = length list; in genList (n: elemAt list (n + start)) (if start >= len then 0 else lib.min count (len - start));
  last = list: if list == [ ] then throw "lists.last: list must not be empty!" else elemAt list (length list - 1);
  init = list: if list == [ ] then throw "lists.init: list must not be empty!" else take (length list - 1) list;
  hasPrefix = prefix: list: take (length prefix) list == prefix;
  removePrefix = prefix: list: if hasPrefix prefix list then drop (length prefix) list else throw "lists.removePrefix: the first list is not a prefix of the second";
  crossLists = f: foldl (fs: args: builtins.concatMap (f: map f args) fs) [ f ];
  unique = foldl' (acc: e: if builtins.elem e acc then acc else acc ++ [ e ]) [ ];
  uniqueStrings = list: builtins.attrNames (builtins.groupBy (x: x) list);
  allUnique = list: length (unique list) == length list;
  intersectLists = e: filter (x: builtins.elem x e);
  subtractLists = e: filter (x: !(builtins.elem x e));
  mutuallyExclusive = a: b: length a == 0 || !(builtins.any (x: builtins.elem x a) b);
  concat = builtins.concatLists;
  sortOn = f: list: map (x: elemAt x 1) (builtins.sort (a: b: head a < head b) (map (x: [ (f x) x ]) list));
  compareLists = cmp: a: b:
    if a == [ ] then (if b == [ ] then 0 else -1) else if b == [ ] then 1
    else let rel = cmp (head a) (head b); in if rel == 0 then compareLists cmp (builtins.tail a) (builtins.tail b) else rel;
  naturalSort = lst:
    let
      vectorise = s: map (x: if builtins.isList x then lib.toInt (head x) else x) (builtins.split "(0|[1-9][0-9]*)" s);
      prepared = map (x: [ (vectorise x) x ]) lst;
    in map (x: elemAt x 1) (builtins.sort (a: b: compareLists lib.compare (head a) (head b) < 0) prepared);
  groupBy' = op: nul: pred: lst: lib.mapAttrs (_: foldl op nul) (builtins.groupBy pred lst);
  toposort = before: list:
    let
      step = list: done:
        let free = findFirst (x: !(builtins.any (y: y != x && before y x) list)) null list; in
        if list == [ ] then { result = done; } else if free == null then { cycle = list; loops = [ ]; } else step (filter (x: x != free) list) (done ++ [ free ]);
    in step list [ ];
}
