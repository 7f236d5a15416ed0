// An application's documents, as Relay's compiler reads them.
import { graphql } from "react-relay";

graphql`
  fragment ShopList_query on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "ShopListPaginationQuery") {
    products(first: $count, after: $cursor) @connection(key: "ShopList_products") {
      edges {
        node {
          id
          ...ShopProduct_product
        }
      }
    }
  }
`;

graphql`
  fragment ShopProduct_product on Product @refetchable(queryName: "ShopProductRefetchQuery") {
    name
    variants {
      id
      sku
      ...ShopVariant_variant @defer(label: "stock")
    }
  }
`;

graphql`
  fragment ShopVariant_variant on Variant {
    availability {
      band
      locations(first: 3) {
        location {
          name
        }
      }
    }
  }
`;

graphql`
  query ShopListQuery {
    ...ShopList_query
    viewer {
      role
    }
  }
`;

graphql`
  query ShopNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      id
      ... on Product {
        ...ShopProduct_product @alias(as: "product")
      }
    }
  }
`;

graphql`
  subscription ShopStockSubscription($skus: [String!]!) {
    availabilityChanged(skus: $skus) {
      cursor
      variants {
        id
        ...ShopVariant_variant
      }
    }
  }
`;
