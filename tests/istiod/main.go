// Command istiod answers what Istio's control plane would push for manifests, without a cluster: worlds as JSON lines on
// stdin, what it pushes to each proxy and what its webhooks, statuses and analyzers say as JSON lines on stdout.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/gateway-api/pkg/consts"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/config/kube/gateway"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/status"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/config/schema/gvr"
	"istio.io/istio/pkg/config/schema/resource"
	_ "istio.io/istio/pkg/config/xds"
	kubelib "istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/kclient/clienttest"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

// A world is what a cluster holds, and who asks.
type world struct {
	ID       string            `json:"id"`
	Objects  []json.RawMessage `json:"objects"`
	Mesh     string            `json:"mesh"`     // meshConfig as YAML
	Statuses bool              `json:"statuses"` // also the statuses of Gateway API routes
	Analyze  bool              `json:"analyze"`  // also what `istioctl analyze` says
	Proxies  []proxy           `json:"proxies"`
}

type proxy struct {
	Name           string            `json:"name"`
	Type           string            `json:"type"` // sidecar, router or waypoint
	Namespace      string            `json:"namespace"`
	Labels         map[string]string `json:"labels"`
	IP             string            `json:"ip"`
	ServiceAccount string            `json:"serviceAccount"`
}

type answer struct {
	ID       string                     `json:"id"`
	Error    string                     `json:"error,omitempty"`
	Refused  []string                   `json:"refused"` // objects that a webhook or a decoder refuses
	Statuses map[string]json.RawMessage `json:"statuses"`
	Messages []string                   `json:"messages"`
	Proxies  map[string]pushed          `json:"proxies"`
}

type pushed struct {
	Listeners []json.RawMessage `json:"listeners"`
	Routes    []json.RawMessage `json:"routes"`
	Clusters  []json.RawMessage `json:"clusters"`
	Endpoints []json.RawMessage `json:"endpoints"`
}

var proxyTypes = map[string]model.NodeType{"sidecar": model.SidecarProxy, "router": model.Router, "waypoint": model.Waypoint}

func main() {
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.NoneLevel)
	}
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, end := lines.ReadBytes('\n')
		if len(line) > 1 {
			text, err := json.Marshal(ask(line))
			if err != nil {
				panic(err)
			}
			fmt.Println(string(text))
		}
		if end != nil {
			return
		}
	}
}

func ask(line []byte) *answer {
	var w world
	a := &answer{Statuses: map[string]json.RawMessage{}, Proxies: map[string]pushed{}}
	err := json.Unmarshal(line, &w)
	a.ID = w.ID
	if err == nil {
		err = test.Wrap(func(t test.Failer) { push(t, w, a) })
	}
	if err == nil && w.Analyze {
		err = analyze(w, a)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

// push starts a control plane on the objects of a world and asks it what it would send to each proxy.
func push(t test.Failer, w world, a *answer) {
	configuration, err := mesh.ApplyMeshConfigDefaults(w.Mesh)
	if err != nil {
		t.Fatal(err)
	}
	objects, configs := read(w, a)
	s := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		KubernetesObjects: objects, Configs: configs, MeshConfig: configuration, DisableSecretAuthorization: true,
	})
	if w.Statuses {
		statuses(t, s, a)
	}
	s.EnsureSynced(t)
	for _, p := range w.Proxies {
		node := s.SetupProxy(&model.Proxy{
			ID: p.Name + "." + p.Namespace, Type: proxyTypes[p.Type], ConfigNamespace: p.Namespace, Labels: p.Labels,
			Metadata: &model.NodeMetadata{
				Namespace: p.Namespace, Labels: p.Labels, IstioVersion: "1.31.0", ServiceAccount: p.ServiceAccount,
				ClusterID: "Kubernetes",
			},
			IPAddresses: []string{p.IP},
		})
		listeners := s.Listeners(node)
		a.Proxies[p.Name] = pushed{
			texts(listeners), texts(s.RoutesFromListeners(node, listeners)), texts(s.Clusters(node)), texts(s.Endpoints(node)),
		}
	}
}

// read decodes the objects into those of Istio, validated as its webhook does, and those of Kubernetes. In ambient mode
// istiod reads Istio's from Kubernetes as well.
func read(w world, a *answer) (objects []runtime.Object, configs []config.Config) {
	decode := kubelib.IstioCodec.UniversalDeserializer().Decode
	for _, text := range w.Objects {
		var o crd.IstioKind
		if err := json.Unmarshal(text, &o); err != nil {
			a.Refused = append(a.Refused, err.Error())
			continue
		}
		name := fmt.Sprintf("%s/%s/%s", o.Kind, o.Namespace, o.Name)
		kind := o.GroupVersionKind()
		schema, known := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&kind))
		if known {
			c, err := crd.ConvertObject(schema, &o, "cluster.local")
			if err == nil {
				_, err = schema.ValidateConfig(*c)
			}
			if err != nil {
				a.Refused = append(a.Refused, name+": "+err.Error())
				continue
			}
			configs = append(configs, *c)
		}
		if !known || os.Getenv("PILOT_ENABLE_AMBIENT") == "true" || kind.Group == gvk.KubernetesGateway.Group {
			decoded, _, err := decode(text, nil, nil)
			if err != nil {
				a.Refused = append(a.Refused, name+": "+err.Error())
				continue
			}
			objects = append(objects, decoded)
		}
	}
	return objects, configs
}

// statuses waits for what istiod writes into the statuses of Gateway API objects. It reads GRPCRoutes only where their
// definition names its release, which the fake one does not.
func statuses(t test.Failer, s *xds.FakeDiscoveryServer, a *answer) {
	clienttest.MakeCRDWithAnnotations(t, s.KubeClient(), gvr.GRPCRoute, map[string]string{
		consts.BundleVersionAnnotation: consts.BundleVersion,
	})
	time.Sleep(400 * time.Millisecond)
	s.Discovery.ConfigUpdate(&model.PushRequest{Forced: true, Reason: model.NewReasonStats(model.ConfigUpdate)})
	s.EnsureSynced(t)
	stop := make(chan struct{})
	defer close(stop)
	manager := status.NewManager(s.Store())
	manager.Start(stop)
	if controller, ok := s.Env().GatewayAPIController.(*gateway.Controller); ok {
		controller.SetStatusWrite(true, manager)
	}
	time.Sleep(700 * time.Millisecond)
	for _, kind := range []config.GroupVersionKind{gvk.HTTPRoute, gvk.GRPCRoute, gvk.KubernetesGateway} {
		for _, c := range s.Store().List(kind, "") {
			if text, err := json.Marshal(c.Status); err == nil {
				a.Statuses[fmt.Sprintf("%s/%s/%s", kind.Kind, c.Namespace, c.Name)] = text
			}
		}
	}
}

// analyze says what `istioctl analyze --use-kube=false` says.
func analyze(w world, a *answer) error {
	var documents strings.Builder
	for _, text := range w.Objects {
		documents.Write(text)
		documents.WriteString("\n---\n")
	}
	analyzer := local.NewIstiodAnalyzer(analyzers.AllCombined(), "", "istio-system", nil)
	if err := analyzer.AddDefaultResources(); err != nil {
		return err
	}
	source := local.ReaderSource{Name: "world", Reader: strings.NewReader(documents.String())}
	if err := analyzer.AddReaderKubeSource([]local.ReaderSource{source}); err != nil {
		return err
	}
	stop := make(chan struct{})
	defer close(stop)
	result, err := analyzer.Analyze(stop)
	for _, m := range result.Messages {
		where := ""
		if m.Resource != nil {
			where = m.Resource.Metadata.Schema.Kind() + "/" + m.Resource.Metadata.FullName.String()
		}
		a.Messages = append(a.Messages, fmt.Sprintf("%s %s %s: %s", m.Type.Level(), m.Type.Code(), where, fmt.Sprintf(m.Type.Template(), m.Parameters...)))
	}
	return err
}

func texts[T proto.Message](messages []T) []json.RawMessage {
	out := []json.RawMessage{}
	for _, m := range messages {
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
		if err != nil {
			text, _ = json.Marshal(map[string]string{"unencodable": err.Error()})
		}
		out = append(out, text)
	}
	return out
}
