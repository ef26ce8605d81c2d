// Make-log is a log that is not ours: it grows a tree with golang.org/x/mod/sumdb/tlog, signs with sumdb/note, has every checkpoint
// cosigned by the witness at an address, and verifies the cosignatures with transparency-dev/formats.
//
//	make-log NAME WITNESS-URL WITNESS-VKEY
//
// It prints its own vkey, waits for a line on standard input (by then the witness should trust it), and then prints one
// line for each checkpoint and a last line "done".
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"filippo.io/torchwood"
	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"holdfast.interop/tree"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: make-log NAME WITNESS-URL WITNESS-VKEY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}

type log struct {
	name   string
	signer note.Signer
	tree   *tree.Tree
}

func run(name, url, witnessVkey string) error {
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	cosigner, err := f_note.NewVerifierForCosignatureV1(witnessVkey)
	if err != nil {
		return err
	}
	fmt.Println(vkey)
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}

	l := &log{name: name, signer: signer, tree: tree.New()}
	url = strings.TrimSuffix(url, "/") + "/add-checkpoint"
	old := int64(0)
	for _, size := range []int64{1, 2, 3, 7, 8, 9, 64, 100, 255, 256, 257, 600} {
		for l.tree.Size() < size {
			if err := l.tree.Append(fmt.Appendf(nil, "entry %d of %s", l.tree.Size(), name)); err != nil {
				return err
			}
		}
		if err := l.cosigned(url, old, cosigner); err != nil {
			return fmt.Errorf("size %d: %w", size, err)
		}
		fmt.Printf("cosigned %d\n", size)
		old = size
	}
	// A size that it has moved past, and a history that never was.
	if status, body, err := l.post(url, 7, l.tree); err != nil || status != http.StatusConflict || body != "600\n" {
		return fmt.Errorf("an old size got %d %q %v", status, body, err)
	}
	fmt.Println("conflict told")
	fork := tree.New()
	for i := range int64(601) {
		if err := fork.Append(fmt.Appendf(nil, "another %d", i)); err != nil {
			return err
		}
	}
	if status, _, err := l.post(url, 600, fork); err != nil || status != http.StatusUnprocessableEntity {
		return fmt.Errorf("a fork got %d %v", status, err)
	}
	fmt.Println("fork refused")
	fmt.Println("done")
	return nil
}

func (l *log) cosigned(url string, old int64, cosigner note.Verifier) error {
	status, body, err := l.post(url, old, l.tree)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("status %d: %s", status, body)
	}
	signed, err := l.checkpoint(l.tree)
	if err != nil {
		return err
	}
	n, err := note.Open(append(signed, body...), note.VerifierList(cosigner))
	if err != nil {
		return err
	}
	at, err := f_note.CoSigV1Timestamp(n.Sigs[0])
	if err != nil {
		return err
	}
	if d := time.Since(at); d < -time.Minute || d > time.Minute {
		return fmt.Errorf("cosigned at %s", at)
	}
	return nil
}

func (l *log) checkpoint(t *tree.Tree) ([]byte, error) {
	root, err := t.Root()
	if err != nil {
		return nil, err
	}
	c := torchwood.Checkpoint{Origin: l.name, Tree: tlog.Tree{N: t.Size(), Hash: root}}
	return note.Sign(&note.Note{Text: c.String()}, l.signer)
}

func (l *log) post(url string, old int64, t *tree.Tree) (int, string, error) {
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	if old > 0 && old < t.Size() {
		proof, err := tlog.ProveTree(t.Size(), old, t)
		if err != nil {
			return 0, "", err
		}
		for _, h := range proof {
			fmt.Fprintf(&body, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
		}
	}
	body.WriteByte('\n')
	signed, err := l.checkpoint(t)
	if err != nil {
		return 0, "", err
	}
	body.Write(signed)
	client := http.Client{Timeout: 30 * time.Second}
	response, err := client.Post(url, "text/plain", &body)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err == nil && len(answer) == 0 {
		err = errors.New("an empty answer")
	}
	return response.StatusCode, string(answer), err
}
