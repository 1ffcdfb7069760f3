package classic

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// unread is an argument of functions whose value is in a file.
type unread struct {
	arg  int    // index in Args
	file string // "" for standard input
}

// argFromFile is --arg-from-file NAME FILE.
func (c *Common) argFromFile(name, file string) {
	c.unread = append(c.unread, unread{len(c.Args), file})
	c.Args = append(c.Args, Arg{Name: name, IsString: true})
}

// argFromStdin is --arg-from-stdin NAME.
func (c *Common) argFromStdin(name string) { c.argFromFile(name, "") }

// maxArgument bounds the size of an argument from a file.
const maxArgument = 256 << 20

// ReadArgs reads the values of arguments that are in files, relative to dir, or
// come by standard input.
func (c *Common) ReadArgs(stdin io.Reader, dir string) error {
	for _, u := range c.unread {
		text, err := readArg(u.file, stdin, dir)
		if err != nil {
			return err
		}
		c.Args[u.arg].Value = text
	}
	c.unread = nil
	return nil
}

func readArg(file string, stdin io.Reader, dir string) (string, error) {
	from := stdin
	if file != "" {
		name := file
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("opening file \"%s\": No such file or directory", file)
		}
		if err != nil {
			return "", err
		}
		defer f.Close()
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, maxArgument+1))
	if err == nil && len(b) > maxArgument {
		err = errors.New("an argument of --arg-from-file or --arg-from-stdin is larger than 256 MiB")
	}
	return string(b), err
}
