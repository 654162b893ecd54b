package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Go goes through a map in an order that differs from run to run. Below the doors a loop over a map must not let that show: it does nothing
// whose order counts, or what it gathered is sorted right after it, or a comment with the words "any order" says why it does not matter.
func TestNothingBelowTheDoorsDependsOnTheOrderOfAMap(t *testing.T) {
	for _, pkg := range listPackages(t) {
		law, found := lawOf(strings.TrimPrefix(pkg.ImportPath, module))
		if !found || law.door {
			continue
		}
		files := token.NewFileSet()
		var parsed []*ast.File
		for _, name := range pkg.GoFiles {
			file, err := parser.ParseFile(files, filepath.Join(pkg.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, file)
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
		config := types.Config{Importer: importer.ForCompiler(files, "gc", exportData(t))}
		if _, err := config.Check(pkg.ImportPath, files, parsed, info); err != nil {
			t.Fatal(err)
		}
		for _, file := range parsed {
			checkMapLoops(t, files, file, info)
		}
	}
}

func checkMapLoops(t *testing.T, files *token.FileSet, file *ast.File, info *types.Info) {
	excused := map[int]bool{} // lines on which or above which a comment says "any order"
	for _, group := range file.Comments {
		if strings.Contains(group.Text(), "any order") {
			for line := files.Position(group.Pos()).Line; line <= files.Position(group.End()).Line+1; line++ {
				excused[line] = true
			}
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		var list []ast.Stmt
		switch node := node.(type) {
		case *ast.BlockStmt:
			list = node.List
		case *ast.CaseClause:
			list = node.Body
		}
		for i, statement := range list {
			loop, ok := statement.(*ast.RangeStmt)
			if !ok || !unordered(loop.X, info) || excused[files.Position(loop.Pos()).Line] {
				continue
			}
			sorted := i+1 < len(list) && sorts(list[i+1])
			if !orderless(loop.Body.List, info, sorted) {
				t.Errorf("%s: the order of a map shows here (sort, or say in a comment why any order will do)", files.Position(loop.Pos()))
			}
		}
		return true
	})
}

// unordered says whether an expression is a map, or maps.Keys or maps.Values of one.
func unordered(expression ast.Expr, info *types.Info) bool {
	if call, ok := expression.(*ast.CallExpr); ok {
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		from, ok := selector.X.(*ast.Ident)
		return ok && from.Name == "maps"
	}
	_, ok := info.TypeOf(expression).Underlying().(*types.Map)
	return ok
}

// orderless says whether statements come to the same in any order: they fill maps, count, find out whether something is there. Appending is
// orderless only if the slice is sorted right afterwards.
func orderless(list []ast.Stmt, info *types.Info, sorted bool) bool {
	for _, statement := range list {
		switch statement := statement.(type) {
		case *ast.AssignStmt:
			for i, left := range statement.Lhs {
				if !orderlessAssignment(statement, i, left, info, sorted) {
					return false
				}
			}
		case *ast.IncDecStmt, *ast.EmptyStmt, *ast.DeclStmt:
		case *ast.BranchStmt:
			if statement.Tok != token.CONTINUE {
				return false
			}
		case *ast.ExprStmt:
			call, ok := statement.X.(*ast.CallExpr)
			if name, plain := callee(call); !ok || !plain || name != "delete" {
				return false
			}
		case *ast.IfStmt:
			if !orderless(statement.Body.List, info, sorted) {
				return false
			}
			if rest, ok := statement.Else.(*ast.BlockStmt); ok && !orderless(rest.List, info, sorted) {
				return false
			}
		case *ast.ReturnStmt:
			for _, result := range statement.Results {
				if info.Types[result].Value == nil && !isNil(result) {
					return false
				}
			}
		case *ast.BlockStmt:
			if !orderless(statement.List, info, sorted) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func orderlessAssignment(statement *ast.AssignStmt, i int, left ast.Expr, info *types.Info, sorted bool) bool {
	switch statement.Tok {
	case token.DEFINE:
		return true
	case token.ADD_ASSIGN, token.SUB_ASSIGN, token.OR_ASSIGN, token.AND_ASSIGN, token.XOR_ASSIGN:
		basic, ok := info.TypeOf(left).Underlying().(*types.Basic)
		return ok && basic.Info()&types.IsString == 0
	}
	if index, ok := left.(*ast.IndexExpr); ok {
		_, intoMap := info.TypeOf(index.X).Underlying().(*types.Map)
		return intoMap
	}
	if i < len(statement.Rhs) {
		if info.Types[statement.Rhs[i]].Value != nil { // a constant: the same whoever writes it last
			return true
		}
		if call, ok := statement.Rhs[i].(*ast.CallExpr); ok {
			name, plain := callee(call)
			return plain && (name == "max" || name == "min" || name == "append" && sorted)
		}
	}
	return false
}

func callee(call *ast.CallExpr) (name string, plain bool) {
	if call == nil {
		return "", false
	}
	identifier, ok := call.Fun.(*ast.Ident)
	if !ok {
		return "", false
	}
	return identifier.Name, true
}

// sorts says whether a statement sorts something.
func sorts(statement ast.Stmt) bool {
	found := false
	ast.Inspect(statement, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			from, ok := selector.X.(*ast.Ident)
			found = found || ok && (from.Name == "slices" || from.Name == "sort") && (strings.HasPrefix(selector.Sel.Name, "Sort") || from.Name == "sort")
		}
		return true
	})
	return found
}

func isNil(expression ast.Expr) bool {
	identifier, ok := expression.(*ast.Ident)
	return ok && identifier.Name == "nil"
}

type listedPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// listPackages asks the go command for the packages of the module.
func listPackages(t *testing.T) []listedPackage { return goList(t, "./...") }

// exportData finds the compiled types of an imported package.
func exportData(t *testing.T) func(path string) (io.ReadCloser, error) {
	if exported == nil {
		exported = map[string]string{}
		for _, pkg := range goList(t, "-deps", "-export", "./...") {
			exported[pkg.ImportPath] = pkg.Export
		}
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(exported[path]) }
}

var exported map[string]string

func goList(t *testing.T, args ...string) []listedPackage {
	t.Helper()
	command := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Export,GoFiles"}, args...)...)
	command.Dir = filepath.Join("..", "..")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listedPackage
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var pkg listedPackage
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, pkg)
	}
}
