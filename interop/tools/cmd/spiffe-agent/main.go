// spiffe-agent answers the JWT part of SPIFFE's workload API on a Unix socket with the token in a file.
//
//	spiffe-agent -socket PATH -svid FILE [-audience sigstore]
//
// The server is gRPC's own and the messages are go-spiffe's; what is asked of a client (SPIFFE_Workload_API.md, §4.1 and §6) is
// asked of it here: the metadata, and an audience.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type agent struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	svid, audience string
}

func (a *agent) FetchJWTSVID(ctx context.Context, request *workload.JWTSVIDRequest) (*workload.JWTSVIDResponse, error) {
	fields, _ := metadata.FromIncomingContext(ctx)
	if security := fields.Get("workload.spiffe.io"); len(security) != 1 || security[0] != "true" {
		return nil, status.Error(codes.InvalidArgument, "security header missing from request")
	}
	if len(request.Audience) != 1 || request.Audience[0] != a.audience {
		return nil, status.Errorf(codes.InvalidArgument, "audience is %v, expected %s", request.Audience, a.audience)
	}
	svid, err := os.ReadFile(a.svid)
	if err != nil {
		return nil, status.Error(codes.PermissionDenied, "no identity issued")
	}
	token := strings.TrimSpace(string(svid))
	return &workload.JWTSVIDResponse{Svids: []*workload.JWTSVID{{SpiffeId: "spiffe://example.com/build", Svid: token}}}, nil
}

func main() {
	socket := flag.String("socket", "", "where to listen")
	svid := flag.String("svid", "", "file that holds the token")
	audience := flag.String("audience", "sigstore", "the audience that must be asked for")
	flag.Parse()
	listener, err := net.Listen("unix", *socket)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(server, &agent{svid: *svid, audience: *audience})
	fmt.Println("listening on", *socket)
	if err := server.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
