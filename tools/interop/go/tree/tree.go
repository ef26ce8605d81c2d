// Package tree is a log in memory, and a view of tlog-tiles, over golang.org/x/mod/sumdb/tlog.
package tree

import (
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// Tree keeps the hashes that tlog stores.
type Tree struct {
	size   int64
	stored []tlog.Hash
}

// New makes an empty one.
func New() *Tree { return &Tree{} }

// Size is the number of entries.
func (t *Tree) Size() int64 { return t.size }

// Append adds an entry.
func (t *Tree) Append(entry []byte) error {
	hashes, err := tlog.StoredHashes(t.size, entry, t)
	if err != nil {
		return err
	}
	t.stored = append(t.stored, hashes...)
	t.size++
	return nil
}

// Root is the root over all entries.
func (t *Tree) Root() (tlog.Hash, error) { return tlog.TreeHash(t.size, t) }

// ReadHashes makes it a tlog.HashReader.
func (t *Tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(t.stored)) {
			return nil, fmt.Errorf("no stored hash %d", index)
		}
		out[i] = t.stored[index]
	}
	return out, nil
}

// Tiles reads tiles by their path as tlog-tiles writes it.
type Tiles func(path string) ([]byte, error)

// Height is that of tlog-tiles.
func (Tiles) Height() int { return torchwood.TileHeight }

// ReadTiles makes it a tlog.TileReader.
func (read Tiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, err := read(torchwood.TilePath(t))
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

// SaveTiles makes it a tlog.TileReader; nothing is kept.
func (Tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadAll reads every complete hash of every level that tiles hold and returns those of the leaves.
func ReadAll(reader tlog.HashReader, size int64) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	nodes := size
	for level := 0; nodes > 0; level += torchwood.TileHeight {
		for from := int64(0); from < nodes; from += torchwood.TileWidth {
			var indexes []int64
			for i := from; i < min(nodes, from+torchwood.TileWidth); i++ {
				indexes = append(indexes, tlog.StoredHashIndex(level, i))
			}
			hashes, err := reader.ReadHashes(indexes)
			if err != nil {
				return nil, err
			}
			if level == 0 {
				leaves = append(leaves, hashes...)
			}
		}
		nodes >>= torchwood.TileHeight
	}
	return leaves, nil
}
