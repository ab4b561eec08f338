package planetest

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Touched is the annotation that the fake manager's mutating webhook sets.
const Touched = "planetest.slipway.sh/touched"

// InstallManager makes this test's own binary the program of a provider. TestMain must call IsManager and RunManager.
func InstallManager(repository, label, version string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir := filepath.Join(repository, label, version)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.Symlink(self, filepath.Join(dir, "manager"))
}

// IsManager says whether this process was started as a provider's program.
func IsManager() bool { return filepath.Base(os.Args[0]) == "manager" }

// RunManager is a provider's controller in small: the flags of Cluster API's managers, probes, a mutating webhook and a
// conversion webhook. It prints its arguments, its environment and who the API server takes it for. The result is for
// os.Exit.
func RunManager() int {
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	port := flags.Int("webhook-port", 9443, "port of the webhooks")
	certs := flags.String("webhook-cert-dir", "/tmp/k8s-webhook-server/serving-certs/", "folder of the certificate")
	healthAddr := flags.String("health-addr", ":9440", "address of the probes")
	flags.String("diagnostics-address", ":8443", "address of the metrics")
	flags.String("config", "", "a file")
	flags.Bool("leader-elect", true, "wait for a lease")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fmt.Println("args", strings.Join(os.Args[1:], " "))
	fmt.Println("env", strings.Join(os.Environ(), " "))
	if os.Getenv("FAIL") != "" {
		fmt.Println("told to fail")
		return 3
	}
	if err := whoAmI(ctx); err != nil {
		fmt.Println("whoami", err)
		return 1
	}
	ended := make(chan error, 2)
	health := http.NewServeMux()
	health.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	hooks := http.NewServeMux()
	hooks.HandleFunc("/mutate", mutate)
	hooks.HandleFunc("/convert", convert)
	go func() { ended <- serve(*healthAddr, health, "") }()
	go func() { ended <- serve(fmt.Sprintf("127.0.0.1:%d", *port), hooks, *certs) }()
	select {
	case err := <-ended:
		fmt.Println(err)
		return 1
	case <-ctx.Done():
		return 0
	}
}

func serve(address string, handler http.Handler, certs string) error {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: time.Second}
	if certs == "" {
		return server.ListenAndServe()
	}
	return server.ListenAndServeTLS(filepath.Join(certs, "tls.crt"), filepath.Join(certs, "tls.key"))
}

func whoAmI(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	fmt.Println("whoami", review.Status.UserInfo.Username, strings.Join(review.Status.UserInfo.Groups, " "))
	return nil
}

// mutate adds the annotation; the objects that it is asked about have none.
func mutate(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	if !decode(w, r, &review) {
		return
	}
	patch, _ := json.Marshal([]map[string]any{{"op": "add", "path": "/metadata/annotations", "value": map[string]string{Touched: "yes"}}})
	kind := admissionv1.PatchTypeJSONPatch
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true, Patch: patch, PatchType: &kind}
	_ = json.NewEncoder(w).Encode(review)
}

// convert moves spec.old of v1alpha1 to spec.new of v1 and back.
func convert(w http.ResponseWriter, r *http.Request) {
	var review apiextensionsv1.ConversionReview
	if !decode(w, r, &review) {
		return
	}
	response := &apiextensionsv1.ConversionResponse{UID: review.Request.UID, Result: metav1.Status{Status: metav1.StatusSuccess}}
	for _, raw := range review.Request.Objects {
		object := &unstructured.Unstructured{}
		if err := json.Unmarshal(raw.Raw, object); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		from, to := "old", "new"
		if strings.HasSuffix(review.Request.DesiredAPIVersion, "v1alpha1") {
			from, to = to, from
		}
		if value, ok, _ := unstructured.NestedString(object.Object, "spec", from); ok {
			object.Object["spec"] = map[string]any{to: value}
		}
		object.SetAPIVersion(review.Request.DesiredAPIVersion)
		raw.Raw, _ = json.Marshal(object)
		response.ConvertedObjects = append(response.ConvertedObjects, raw)
	}
	review.Response = response
	_ = json.NewEncoder(w).Encode(review)
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return err == nil
}
