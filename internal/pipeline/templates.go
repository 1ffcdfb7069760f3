package pipeline

import (
	"io/fs"
	"path"

	"isomorph/internal/flake"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
)

// templatePaths are the attribute paths of a template, best first
// (CmdFlakeInitCommon in Nix's flake.cc).
func (i Installable) templatePaths() []string {
	if i.Fragment == "" {
		return []string{"templates.default", "defaultTemplate"}
	}
	return []string{"templates." + i.Fragment, i.Fragment}
}

// Template is what a flake offers as the beginning of another one.
type Template struct {
	Dir     string // logical name of the directory with its files
	Welcome string // what to show once they are there
	Greets  bool   // there is such a text
}

// Template evaluates a template of a flake. The lock file is not written.
func (e *Evaluator) Template(i Installable, flags flake.Flags) (t Template, err error) {
	i.Template, flags.NoWrite = true, true
	err = e.Do(func(c *eval.Ctx) {
		o := e.Output(c, i, flags)
		set := c.ForceAttrs(0, o.Value, "while evaluating a template")
		at, ok := set.GetAttr(c.Intern("path"))
		if !ok {
			panic(eval.Errorf(eval.KindOther, 0, "attribute '%s.path' does not exist", o.Path))
		}
		var ctx eval.ContextSet
		t.Dir = c.CoerceToPath(at.Pos, c.Force(at.Value), &ctx, "")
		if at, ok := set.GetAttr(c.Intern("welcomeText")); ok {
			t.Greets = true
			t.Welcome = c.ForceString(at.Pos, at.Value, "while evaluating the attribute 'welcomeText'").AsString()
		}
	})
	return t, err
}

// TemplateFile is a file of a template.
type TemplateFile struct {
	Source   string // logical name
	Name     string // below the template's directory
	Kind     builtins.FileKind
	Target   string // of a symlink
	Contents []byte // of a regular file
}

// maxTemplateDepth bounds how deeply the directories of a template nest.
const maxTemplateDepth = 200

// TemplateFiles reads a template, each directory's files in the order of their
// names, and before the directory.
func (e *Evaluator) TemplateFiles(t Template) (files []TemplateFile, err error) {
	err = e.Do(func(*eval.Ctx) { files = e.templateFiles(t.Dir, "", 0) })
	return files, err
}

func (e *Evaluator) templateFiles(dir, below string, depth int) (files []TemplateFile) {
	if depth > maxTemplateDepth {
		panic(eval.Errorf(eval.KindOther, 0, "the directories of the template nest too deeply, at '%s'", dir))
	}
	entries, err := e.host.ReadDir(dir)
	throw(err)
	for _, entry := range entries {
		f := TemplateFile{Source: path.Join(dir, entry.Name), Name: path.Join(below, entry.Name), Kind: entry.Kind}
		switch entry.Kind {
		case builtins.Directory:
			files = append(files, e.templateFiles(f.Source, f.Name, depth+1)...)
		case builtins.Symlink:
			f.Target, err = e.host.Readlink(f.Source)
		case builtins.Regular:
			f.Contents, err = e.host.ReadFile(f.Source)
		default:
			err = &fs.PathError{Op: "copy", Path: f.Source, Err: fs.ErrInvalid}
		}
		throw(err)
		files = append(files, f)
	}
	return files
}

// throw throws an error of the world, if it is one.
func throw(err error) {
	if err != nil {
		panic(eval.Wrap(0, err))
	}
}
