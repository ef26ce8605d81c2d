// Verify-export checks a log that was saved as files in the layout of C2SP tlog-tiles, with code that is not Holdfast's:
// golang.org/x/mod/sumdb for notes and trees, torchwood for checkpoints and tile paths, transparency-dev/formats for the policy.
//
//	verify-export DIR
//
// DIR has `checkpoint`, `tile/...`, `tile/entries/...` and `policy` (tlog-policy). Where the witnesses have not cosigned the checkpoint
// itself, it may have `witnessed`: an older one that they have. It prints what holds and exits with 1 at the first thing that does not.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast.interop/tree"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: verify-export DIR")
		os.Exit(2)
	}
	verdict, err := verify(os.Args[1])
	if err != nil {
		fmt.Println("NOT VALID:", err)
		os.Exit(1)
	}
	fmt.Println(verdict)
}

func verify(dir string) (verdict string, err error) {
	read := func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, filepath.FromSlash(path))) }
	policy, err := read("policy")
	if err != nil {
		return "", err
	}
	signed, err := read("checkpoint")
	if err != nil {
		return "", err
	}
	logs, err := logVerifiers(policy)
	if err != nil {
		return "", err
	}
	quorum, err := witness.ParsePolicy(withUrls(policy))
	if err != nil {
		return "", fmt.Errorf("policy: %w", err)
	}
	checkpoint, err := openCheckpoint(signed, logs)
	if err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	fmt.Printf("origin %s\nsize %d\nroot %s\nsigned by the log\n", checkpoint.Origin, checkpoint.N, checkpoint.Hash)

	leaves, err := tree.ReadAll(tlog.TileHashReader(checkpoint.Tree, tree.Tiles(read)), checkpoint.N)
	if err != nil {
		return "", fmt.Errorf("tiles: %w", err)
	}
	fmt.Printf("tiles hold %d leaves under the signed root\n", len(leaves))
	entries, err := checkEntries(read, leaves)
	if err != nil {
		return "", err
	}
	// Once more from the entries alone, so that nothing rests on how the tiles were read.
	if root, err := entries.Root(); err != nil || root != checkpoint.Hash {
		return "", errors.New("the entries do not lead to the signed root")
	}
	fmt.Printf("%d entries are those leaves and lead to the root\n", len(leaves))

	if quorum.Satisfied(signed) {
		fmt.Println("the quorum of the policy is satisfied")
		return "VALID", nil
	}
	older, err := read("witnessed")
	if err != nil {
		return "", errors.New("the quorum of the policy has not cosigned")
	}
	return verifyWitnessed(older, logs, quorum, checkpoint, entries)
}

// verifyWitnessed checks an older checkpoint that the quorum has cosigned against the entries that the newer one has.
func verifyWitnessed(signed []byte, logs []note.Verifier, quorum witness.Group, newer torchwood.Checkpoint, entries *tree.Tree) (string, error) {
	older, err := openCheckpoint(signed, logs)
	if err != nil {
		return "", fmt.Errorf("witnessed: %w", err)
	}
	if !quorum.Satisfied(signed) {
		return "", errors.New("the quorum of the policy has not cosigned")
	}
	if older.Origin != newer.Origin || older.N > newer.N {
		return "", errors.New("what was witnessed is not an older state of this log")
	}
	root, err := tlog.TreeHash(older.N, entries)
	if err != nil {
		return "", err
	}
	if root != older.Hash {
		return "", errors.New("FORK: what was witnessed has other entries than the checkpoint")
	}
	fmt.Printf("the quorum of the policy has cosigned the first %d entries; the others are signed by the log only\n", older.N)
	return fmt.Sprintf("VALID UP TO %d", older.N), nil
}

func openCheckpoint(signed []byte, logs []note.Verifier) (torchwood.Checkpoint, error) {
	opened, err := note.Open(signed, note.VerifierList(logs...))
	if err != nil {
		return torchwood.Checkpoint{}, err
	}
	checkpoint, err := torchwood.ParseCheckpoint(opened.Text)
	if err != nil {
		return checkpoint, err
	}
	for _, s := range opened.Sigs {
		if s.Name != checkpoint.Origin {
			return checkpoint, fmt.Errorf("signed under %q, but the origin is %q", s.Name, checkpoint.Origin)
		}
	}
	return checkpoint, nil
}

// checkEntries holds every entry against its leaf, to the last byte of each bundle, and returns a tree of them.
func checkEntries(read func(string) ([]byte, error), leaves []tlog.Hash) (*tree.Tree, error) {
	all := tree.New()
	for n := int64(0); n*torchwood.TileWidth < int64(len(leaves)); n++ {
		part := leaves[n*torchwood.TileWidth:]
		if len(part) > torchwood.TileWidth {
			part = part[:torchwood.TileWidth]
		}
		// Level -1 is how tlog names the entries.
		path := torchwood.TilePath(tlog.Tile{H: torchwood.TileHeight, L: -1, N: n, W: len(part)})
		bundle, err := read(path)
		if err != nil {
			return nil, err
		}
		for i, leaf := range part {
			entry, rest, err := torchwood.ReadTileEntry(bundle)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if tlog.RecordHash(entry) != leaf {
				return nil, fmt.Errorf("%s: entry %d is not the one under the root", path, i)
			}
			if err := all.Append(entry); err != nil {
				return nil, err
			}
			bundle = rest
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("%s: bytes after the last entry", path)
		}
	}
	return all, nil
}

func logVerifiers(policy []byte) ([]note.Verifier, error) {
	var out []note.Verifier
	for line := range bytes.Lines(policy) {
		fields := strings.Fields(string(line))
		if len(fields) < 2 || fields[0] != "log" {
			continue
		}
		v, err := note.NewVerifier(fields[1])
		if err != nil {
			return nil, fmt.Errorf("log key %q: %w", fields[1], err)
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		return nil, errors.New("the policy names no log")
	}
	return out, nil
}

// withUrls gives every witness line an address: the parser wants one, which C2SP leaves out where nobody is asked.
func withUrls(policy []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(policy) {
		fields := strings.Fields(string(line))
		if len(fields) == 3 && fields[0] == "witness" {
			line = []byte(strings.Join(fields, " ") + " https://nobody.invalid/\n")
		}
		out.Write(line)
	}
	return out.Bytes()
}
