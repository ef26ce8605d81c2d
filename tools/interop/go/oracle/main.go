// Oracle answers questions about notes, proofs and tiles with golang.org/x/mod/sumdb and C2SP's own Go code: one JSON object a
// line on standard input, one answer a line on standard output.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"filippo.io/torchwood"
	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast.interop/tree"
)

type question struct {
	Kind    string            `json:"kind"`
	Note    []byte            `json:"note"`
	Vkeys   []string          `json:"vkeys"`
	Entries [][]byte          `json:"entries"`
	Index   int64             `json:"index"`
	Old     int64             `json:"old"`
	Size    int64             `json:"size"`
	Leaf    []byte            `json:"leaf"`
	Root    []byte            `json:"root"`
	OldRoot []byte            `json:"oldRoot"`
	Proof   [][]byte          `json:"proof"`
	Tiles   map[string][]byte `json:"tiles"`
}

type answer struct {
	OK       bool     `json:"ok"`
	Why      string   `json:"why,omitempty"`
	Text     string   `json:"text,omitempty"`
	Names    []string `json:"names,omitempty"`
	Unknown  int      `json:"unknown"`
	Root     []byte   `json:"root,omitempty"`
	OldRoot  []byte   `json:"oldRoot,omitempty"`
	Record   [][]byte `json:"record,omitempty"`
	TreeOld  [][]byte `json:"treeOld,omitempty"`
	Leaves   [][]byte `json:"leaves,omitempty"`
	Origin   string   `json:"origin,omitempty"`
	TreeSize int64    `json:"treeSize"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<28)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		a, err := reply(q)
		if err != nil {
			a = answer{Why: err.Error()}
		}
		out.Encode(a)
	}
}

func reply(q question) (answer, error) {
	switch q.Kind {
	case "note":
		return openNote(q)
	case "checkpoint":
		c, err := torchwood.ParseCheckpoint(string(q.Note))
		return answer{OK: err == nil, Origin: c.Origin, TreeSize: c.N, Root: c.Hash[:]}, err
	case "prove":
		return prove(q)
	case "inclusion":
		err := tlog.CheckRecord(tlog.RecordProof(hashes(q.Proof)), q.Size, hash(q.Root), q.Index, hash(q.Leaf))
		return answer{OK: err == nil}, err
	case "consistency":
		err := tlog.CheckTree(tlog.TreeProof(hashes(q.Proof)), q.Size, hash(q.Root), q.Old, hash(q.OldRoot))
		return answer{OK: err == nil}, err
	case "tiles":
		return readTiles(q)
	}
	return answer{}, errors.New("unknown question")
}

func openNote(q question) (answer, error) {
	var verifiers []note.Verifier
	for _, vkey := range q.Vkeys {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			v, err = f_note.NewVerifierForCosignatureV1(vkey)
		}
		if err != nil {
			return answer{}, err
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open(q.Note, note.VerifierList(verifiers...))
	if err != nil {
		return answer{}, err
	}
	a := answer{OK: true, Text: n.Text, Unknown: len(n.UnverifiedSigs)}
	for _, s := range n.Sigs {
		a.Names = append(a.Names, s.Name)
	}
	return a, nil
}

func prove(q question) (answer, error) {
	t := tree.New()
	a := answer{OK: true}
	for i, entry := range q.Entries {
		if int64(i) == q.Old {
			h, err := t.Root()
			if err != nil {
				return a, err
			}
			a.OldRoot = h[:]
		}
		if err := t.Append(entry); err != nil {
			return a, err
		}
	}
	root, err := t.Root()
	if err != nil {
		return a, err
	}
	a.Root = root[:]
	if q.Old == t.Size() {
		a.OldRoot = root[:]
	}
	record, err := tlog.ProveRecord(t.Size(), q.Index, t)
	if err != nil {
		return a, err
	}
	consistent, err := tlog.ProveTree(t.Size(), q.Old, t)
	if err != nil {
		return a, err
	}
	a.Record, a.TreeOld = bytesOf(record), bytesOf(consistent)
	return a, nil
}

// readTiles gives the leaf hashes that the tiles hold, authenticated by the root, and reads every complete hash of every level.
func readTiles(q question) (answer, error) {
	reader := tlog.TileHashReader(tlog.Tree{N: q.Size, Hash: hash(q.Root)}, tree.Tiles(func(path string) ([]byte, error) {
		if data, ok := q.Tiles[path]; ok {
			return data, nil
		}
		return nil, fmt.Errorf("no tile %s", path)
	}))
	leaves, err := tree.ReadAll(reader, q.Size)
	if err != nil {
		return answer{}, err
	}
	return answer{OK: true, Leaves: bytesOf(leaves)}, nil
}

func hash(b []byte) (h tlog.Hash) {
	copy(h[:], b)
	return h
}

func hashes(list [][]byte) (out []tlog.Hash) {
	for _, b := range list {
		out = append(out, hash(b))
	}
	return out
}

func bytesOf[T ~[]tlog.Hash](list T) (out [][]byte) {
	for _, h := range list {
		out = append(out, append([]byte(nil), h[:]...))
	}
	return out
}
