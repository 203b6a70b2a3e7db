// Reads references, one a line, percent-encoded, and says of each what Docker makes of it:
// "= DOMAIN PATH TAG DIGEST CANONICAL", a tab between the words, or "! WHY".
package main

import (
	"bufio"
	_ "crypto/sha256" // registers the algorithms, as in Docker
	_ "crypto/sha512"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/distribution/reference"
)

const batchLines = 1000

func answer(line string) string {
	text, err := url.PathUnescape(line)
	if err != nil {
		return "? " + err.Error()
	}
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return "! " + strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\n", " "), "?")
	}
	tag, digest := "", ""
	if tagged, ok := named.(reference.Tagged); ok {
		tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		digest = digested.Digest().String()
	}
	return strings.Join([]string{
		"= " + reference.Domain(named), reference.Path(named), tag, digest, named.String()}, "\t")
}

// A batch is answered on any core; the answers come out in the order of the questions.
func answerAll(batch []string, done chan<- string) {
	var answers strings.Builder
	for _, line := range batch {
		answers.WriteString(answer(line))
		answers.WriteByte('\n')
	}
	done <- answers.String()
}

func read(batches chan<- chan string) error {
	defer close(batches)
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	var batch []string
	send := func() {
		done := make(chan string, 1)
		batches <- done
		go answerAll(batch, done)
		batch = nil
	}
	for input.Scan() {
		if batch = append(batch, input.Text()); len(batch) == batchLines {
			send()
		}
	}
	send()
	return input.Err()
}

func main() {
	batches := make(chan chan string, 2*runtime.NumCPU())
	failure := make(chan error, 1)
	go func() { failure <- read(batches) }()
	for done := range batches {
		if _, err := os.Stdout.WriteString(<-done); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := <-failure; err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
